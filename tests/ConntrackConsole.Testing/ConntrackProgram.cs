using System.Diagnostics;
using System.Globalization;
using ConntrackConsole.Kernel.Namespaces;
using Xunit;

namespace ConntrackConsole.Testing;

/// <summary>The conntrack program inside a namespace: the independent reference of these tests.</summary>
internal static class ConntrackProgram
{
    /// <summary>
    /// Creates entries from lines such as "-A -p tcp -s 10.0.0.1 …". One with replies from elsewhere (-r) is really
    /// translated there: with -r alone the kernel inserts an entry that lists alike and translates nothing.
    /// </summary>
    public static void Load(NetworkNamespace inside, IEnumerable<string> lines) => LoadAsWritten(inside, lines.Select(Translated));

    /// <summary>As <see cref="Load"/>, without a translation.</summary>
    public static void LoadAsWritten(NetworkNamespace inside, IEnumerable<string> lines)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, lines);
            Run(inside, "-R", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Translated(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        int backend = words.IndexOf("-r") + 1, port = words.IndexOf("--reply-port-src") + 1, target = words.IndexOf("-d") + 1, vport = words.IndexOf("--dport") + 1;
        if (backend == 0 || port == 0 || target == 0 || vport == 0 || (words[backend] == words[target] && words[port] == words[vport]))
            return line;
        string to = words[backend].Contains(':', StringComparison.Ordinal) ? $"[{words[backend]}]:{words[port]}" : $"{words[backend]}:{words[port]}";
        (words[backend], words[port]) = (words[target], words[vport]);
        return $"{string.Join(' ', words)} -g {to}";
    }

    public static List<Entry> List(NetworkNamespace inside, params string[] filter)
    {
        var entries = new List<Entry>();
        foreach (string line in Run(inside, ["-L", "-o", "extended,id", .. filter]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            entries.Add(Entry.Parse(line));
        return entries;
    }

    public static string Run(NetworkNamespace inside, params string[] arguments)
    {
        var start = new ProcessStartInfo("conntrack", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = inside.Run(() => Process.Start(start)!);
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"conntrack {string.Join(' ', arguments)}: {errors.Result}");
        return output;
    }

    /// <summary>A line of conntrack -L -o extended,id. State is null for protocols without one.</summary>
    public sealed record Entry(
        string Proto, string? State, string Src, string Dst, int? Sport, int? Dport,
        string ReplySrc, int? ReplySport, bool Unreplied, bool Assured, int Timeout, uint Id)
    {
        public static Entry Parse(string line)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string[] Values(string key) => [.. words.Where(word => word.StartsWith(key + "=", StringComparison.Ordinal)).Select(word => word[(key.Length + 1)..])];
            int? Port(string key, int index) => Values(key) is { Length: > 0 } ports ? int.Parse(ports[index], CultureInfo.InvariantCulture) : null;
            string? state = words[5].Contains('=', StringComparison.Ordinal) ? null : words[5];
            return new Entry(
                words[2], state, Values("src")[0], Values("dst")[0], Port("sport", 0), Port("dport", 0),
                Values("src")[1], Port("sport", 1), line.Contains("[UNREPLIED]", StringComparison.Ordinal),
                line.Contains("[ASSURED]", StringComparison.Ordinal), int.Parse(words[4], CultureInfo.InvariantCulture),
                uint.Parse(Values("id")[^1], CultureInfo.InvariantCulture)); // ICMP has ids of its own; the entry's id is the last one.
        }
    }
}
