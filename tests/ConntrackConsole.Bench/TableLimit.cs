using System.Globalization;

namespace ConntrackConsole.Bench;

/// <summary>Raises nf_conntrack_max of the initial namespace, which caps every other's, and restores it.</summary>
internal sealed class TableLimit : IDisposable
{
    private const string Path = "/proc/sys/net/netfilter/nf_conntrack_max";

    private readonly string _before = File.ReadAllText(Path).Trim();

    public TableLimit(int atLeast)
    {
        if (int.Parse(_before, CultureInfo.InvariantCulture) < atLeast)
            File.WriteAllText(Path, atLeast.ToString(CultureInfo.InvariantCulture));
    }

    public void Dispose() => File.WriteAllText(Path, _before);
}
