using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;
using Xunit;

namespace ConntrackConsole.EndToEnd.Attack;

/// <summary>A real collector that is controlled by a compromised console.</summary>
public sealed class AttackedByConsole : IAsyncLifetime
{
    internal const string Pod = "10.1.0.5", Busy = "10.1.0.8", Other = "10.1.0.6";
    internal const string Acct = "net.netfilter.nf_conntrack_acct";

    /// <summary>More entries than one user may delete at once on a node.</summary>
    private const int ManyEntries = 5_001;

    private int _id;
    private int _pods;

    internal RogueConsole Console { get; private set; } = null!;

    internal AttackedNode Node { get; private set; } = null!;

    internal static long NowMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    public async ValueTask InitializeAsync()
    {
        Console = await RogueConsole.StartAsync();
        string[] backends = [Pod, Pod, Other, "192.168.0.1", AttackedNode.Gateway, AttackedNode.PodBridge, AttackedNode.PodBroadcast, "fd00:1::5", .. Enumerable.Repeat(Busy, ManyEntries)];
        Node = await AttackedNode.StartAsync("node1", Console.Folder, "192.168.0.1", backends);
        await Console.ConnectedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        await Console.DisposeAsync();
    }

    internal string NewId() => $"attack-{Interlocked.Increment(ref _id)}";

    /// <summary>A separate address and the conntrack line of its entry.</summary>
    internal (string Ip, string Entry) NewPod()
    {
        int number = Interlocked.Increment(ref _pods);
        string ip = $"10.1.0.{100 + number}";
        return (ip, AttackedNode.Entry(ip, 50_000 + number));
    }

    internal NodeCommand Order(string? id = null) => new(id ?? NewId(), "mallory", null, "an attack", false, NowMs + 60_000);

    internal static OwnershipStatement Gone(string ip = Pod, OwnerState state = OwnerState.Gone, long ahead = 0) => new(ip, state, "shop/checkout-a", NowMs + ahead);

    internal async Task<FlushPreview> PreviewAsync(string ip = Pod, FlushPreset preset = FlushPreset.DeadBackend, OwnerState state = OwnerState.Gone)
    {
        var preview = await Console.SendAsync<FlushPreview>(HubMethods.Preview, new PreviewRequest(NewId(), ip, Gone(ip, state), preset));
        Assert.Null(preview.Refusal);
        Assert.NotEmpty(preview.Entries);
        return preview;
    }

    internal FlushNodeCommand Flush(FlushPreview shown, OwnershipStatement? statement = null, NodeCommand? order = null) =>
        new(order ?? Order(), shown.PreviewId, shown.Digest, statement ?? Gone());

    /// <summary>Code of the refusal of a preview, or null if it succeeded.</summary>
    internal Task<string?> PreviewCodeAsync(object? request) => SendAsync<FlushPreview>(HubMethods.Preview, request, answer =>
    {
        Assert.Empty(answer.Entries);
        return answer.RefusalCode;
    });

    /// <summary>Code of the refusal of a flush, or null if it was executed.</summary>
    internal Task<string?> FlushCodeAsync(object? request) => SendAsync<FlushResult>(HubMethods.Flush, request, answer =>
    {
        Assert.Equal(0, answer.Deleted);
        return answer.Refusal is null ? null : answer.Code;
    });

    internal Task<string?> ReadAsync(object? request) => SendAsync<SettingReading>(HubMethods.ReadSetting, request, answer => answer.RefusalCode);

    internal Task<string?> ApplyCodeAsync(object? request) => SendAsync<SettingResult>(HubMethods.ApplySetting, request, Code);

    internal Task<string?> RevertCodeAsync(object? request) => SendAsync<SettingResult>(HubMethods.RevertSetting, request, Code);

    private static string? Code(SettingResult answer) => answer.Outcome is SettingOutcome.Refused or SettingOutcome.Moved ? answer.Code : null;

    private async Task<string?> SendAsync<T>(string method, object? request, Func<T, string?> toCode)
    {
        try
        {
            return toCode(await Console.SendAsync<T>(method, request));
        }
        catch (HubException fault)
        {
            return fault.Message;
        }
    }
}
