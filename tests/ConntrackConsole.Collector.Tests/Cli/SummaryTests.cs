using System.Text.Json;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Cli;

public class SummaryTests
{
    [Fact]
    public void Summary_50000RandomEntries_EqualsTheCountOfTheConntrackProgram()
    {
        using var scratch = new ScratchNamespace();
        ConntrackProgram.Load(scratch.Inside, RandomEntries.Lines(50_000, seed: 7));

        var (exitCode, output, _) = CollectorProgram.Run(scratch.Inside, "summary", "--json", "--pod-cidr", "10.244.0.0/23", "--pod-cidr", "fd00:244::/64");

        Assert.Equal(0, exitCode);
        var ours = JsonDocument.Parse(output).RootElement.EnumerateArray().SelectMany(Lines).Order().ToList();
        var theirs = ConntrackProgram.List(scratch.Inside);
        Assert.Equal(50_000, theirs.Count);
        Assert.Equal(theirs.GroupBy(Key).Select(group => $"{group.Key} {group.Count()}").Order().ToList(), ours);
    }

    // In the kernel's order of words an SCTP association that shuts down is as ASSURED as one that works.
    [Theory]
    [InlineData("sctp", "SHUTDOWN_SENT", "--orig-vtag 1 --reply-vtag 2")]
    [InlineData("sctp", "ESTABLISHED", "--orig-vtag 1 --reply-vtag 2")]
    public void StatesOfOtherProtocols_AreCounted(string proto, string state, string more)
    {
        using var scratch = new ScratchNamespace();
        string entry = $"-A -p {proto} -s 10.1.0.1 -d 10.96.0.1 --sport 1000 --dport 80 -r 10.244.0.1 -q 10.1.0.1 --reply-port-src 8080 --reply-port-dst 1000 --state {state} {more} --timeout 100 -u SEEN_REPLY,ASSURED";
        ConntrackProgram.Load(scratch.Inside, [entry, entry.Replace("10.1.0.1", "10.1.0.2")]);

        var group = Assert.Single(JsonDocument.Parse(CollectorProgram.Run(scratch.Inside, "summary", "--json").Output).RootElement.EnumerateArray());
        string listed = CollectorProgram.Run(scratch.Inside, "flush", "--pod-ip", "10.244.0.1", "--preset", "all", "--json").Output; // as in the console's dialog
        string table = CollectorProgram.Run(scratch.Inside, "summary").Output;
        string explained = CollectorProgram.Run(scratch.Inside, "explain", "--pod-ip", "10.244.0.1", "--seconds", "1").Output;

        Assert.Equal($$"""{"{{state}}":2}""", group.GetProperty("states").GetRawText());
        Assert.All(JsonDocument.Parse(listed).RootElement.GetProperty("entries").EnumerateArray(), each => Assert.Equal(state, each.GetProperty("state").GetString()));
        Assert.EndsWith($"  {state} 2\n", table, StringComparison.Ordinal);
        Assert.Contains($" 2  {proto} {state},", explained, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Lines(JsonElement group)
    {
        int total = 0;
        foreach (var state in group.GetProperty("states").EnumerateObject())
        {
            total += state.Value.GetInt32();
            yield return $"{Text("proto")} {Text("vip")} {Text("vport")} {Text("backend")} {Text("bport")} {state.Name} {state.Value}";
        }

        Assert.Equal(group.GetProperty("total").GetInt32(), total);

        string Text(string name) => group.GetProperty(name).ToString();
    }

    private static string Key(ConntrackProgram.Entry entry)
    {
        string state = entry.Proto == "tcp" ? entry.State! : entry.Unreplied ? "UNREPLIED" : entry.Assured ? "ASSURED" : "REPLIED";
        if (entry.ReplySrc != entry.Dst || entry.ReplySport != entry.Dport)
            return $"{entry.Proto} {entry.Dst} {entry.Dport} {entry.ReplySrc} {entry.ReplySport} {state}";
        bool isPod = entry.Dst.StartsWith("10.244.", StringComparison.Ordinal) || entry.Dst.StartsWith("fd00:244:", StringComparison.Ordinal);
        return isPod ? $"{entry.Proto}   {entry.Dst} {entry.Dport} {state}" : $"     {state}";
    }
}
