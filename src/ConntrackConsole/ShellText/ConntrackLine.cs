using System.Globalization;

namespace ConntrackConsole.ShellText;

/// <summary>Lines of the conntrack program.</summary>
internal static class ConntrackLine
{
    /// <summary>
    /// Selects entries by the tuples of a Service flow: the Service's address is the original destination, the backend the reply source and
    /// nowhere else. IPv6 entries are listed with -f ipv6 only.
    /// </summary>
    /// <param name="verb">-L or -D; with -E, events.</param>
    public static string Of(string verb, string? proto = null, string? vip = null, ushort? vport = null, string? backend = null, string? state = null, string? events = null)
    {
        bool v6 = (backend ?? vip)?.Contains(':', StringComparison.Ordinal) == true;
        var words = new List<string> { "conntrack", verb };
        if (events is not null)
            words.AddRange(["-e", events]);
        if (v6)
            words.AddRange(["-f", "ipv6"]);
        // A port needs a protocol.
        if (proto is not null || vport is not null)
            words.AddRange(["-p", proto ?? "tcp"]);
        if (state is not null)
            words.AddRange(["--state", state]);
        if (vip is not null)
            words.AddRange(["-d", vip]);
        if (vport is { } port)
            words.AddRange(["--orig-port-dst", port.ToString(CultureInfo.InvariantCulture)]);
        if (backend is not null)
            words.AddRange(["-r", backend]);
        return ShellWord.Line(words)!;
    }
}
