using ConntrackConsole.Kernel.Net;
using ConntrackConsole.ShellText;

namespace ConntrackConsole.Components.Text;

/// <summary>Shell commands that show resets on a node as they occur: no command shows those of the time before.</summary>
internal static class ResetCommands
{
    // "tcp[…]" is of IPv4 only.
    private const string Resets = "(tcp[tcpflags] & tcp-rst != 0 or (ip6[6] = 6 and ip6[53] & 4 != 0))";

    /// <param name="rangeMs">The range of the page.</param>
    /// <param name="text">The page's filter: an address limits the packets to it.</param>
    public static IEnumerable<string> For(long rangeMs, string? text)
    {
        yield return $"conntrack-collector resets --seconds {Math.Clamp(rangeMs / 1000, 1, 3_600)} --json";
        string filter = Ip.TryParse(text?.Trim(), out var address) ? $"{Resets} and host {address}" : Resets;
        if (ShellWord.Line("tcpdump", "-n", "-i", "any", filter) is { } dump)
            yield return dump;
    }
}
