using ConntrackConsole.Collector.Commands.Settings;
using ConntrackConsole.Collector.Journal;
using ConntrackConsole.Kernel.Proc;
using ConntrackConsole.Wire;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackConsole.Collector.Tests.Commands;

/// <summary>A node's settings as files, and the handler that changes them; it can be restarted.</summary>
internal sealed class SettingFixture : IDisposable
{
    public const string Acct = "net.netfilter.nf_conntrack_acct";

    private readonly TemporaryDirectory _folder = new();

    public SettingFixture()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "sys/net/netfilter"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "proc"));
        foreach (var kind in SettingCatalog.All.Where(kind => kind.Carrier == SettingCarrier.Sysctl))
            this[kind.Key] = kind.Key == SettingCatalog.Max ? "4096" : kind.Key == SettingCatalog.BeLiberal || kind.Key == Acct ? "0" : "1";
        File.WriteAllText(Path.Combine(_folder.Path, "proc/meminfo"), "MemTotal:        1024000 kB\n");
        Start();
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    public StringWriter Log { get; } = new();

    public string State => Path.Combine(_folder.Path, "state");

    public ActionJournal Journal { get; private set; } = null!;

    public SettingHandler Handler { get; private set; } = null!;

    public ProxyReading? Proxy { get; set; }

    /// <summary>A setting's file.</summary>
    public string this[string key]
    {
        get => File.ReadAllText(PathOf(key)).Trim();
        set => File.WriteAllText(PathOf(key), value + "\n");
    }

    public string PathOf(string key) => Path.Combine(_folder.Path, "sys/net/netfilter", key["net.netfilter.".Length..]);

    /// <summary>Starts a new collector, optionally after a reboot.</summary>
    public void Start(string bootId = "boot-1", Reason? observeOnly = null)
    {
        Journal = new ActionJournal(State, Time, Log);
        Handler = new SettingHandler(
            "node1", Time, Journal, new SettingValues(new Sysctl(Path.Combine(_folder.Path, "sys")), Path.Combine(_folder.Path, "proc")), bootId, () => Proxy,
            observeOnly, null, Log);
    }

    public SettingNodeCommand Order(string key, string shown, string value, string id = "a1", long revertAfterMs = 60_000) => new(
        new NodeCommand(id, "ada", null, "INC-1", false, Time.GetUtcNow().ToUnixTimeMilliseconds() + 30_000), key, shown, value, revertAfterMs);

    public SettingResult Apply(string key, string shown, string value, string id = "a1", long revertAfterMs = 60_000) =>
        Handler.Apply(Order(key, shown, value, id, revertAfterMs));

    public SettingResult Revert(string changeId, string id = "r1", bool breakGlass = false) => Handler.Revert(new RevertNodeCommand(
        new NodeCommand(id, "ada", null, "INC-1 is over", breakGlass, long.MaxValue), changeId));

    /// <summary>Advances the clock and runs the handler's timer.</summary>
    public void Pass(TimeSpan time)
    {
        Time.Advance(time);
        Handler.Tick();
    }

    /// <summary>Sets the start time of kube-proxy's process.</summary>
    public void ProxyStarted(DateTimeOffset at) => Proxy = new ProxyReading(
        1, true, ProxyMode.Iptables, 200, at.ToUnixTimeMilliseconds() / 1000.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    public void ProxyIsSilent() => Proxy = new ProxyReading(
        1, false, ProxyMode.Unknown, 0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);

    public void Dispose()
    {
        _folder.Dispose();
        Log.Dispose();
    }
}
