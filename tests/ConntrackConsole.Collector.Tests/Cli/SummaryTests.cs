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
