using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Timeline.Series;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Series;

public class NodeGroupsTests
{
    private const long T0 = 1_700_000_000_000;

    [Fact]
    public void Steps_AfterRandomChangesOfManyGroups_AreThoseOfPlainLists()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var table = new NodeGroups();
            var plain = new Dictionary<GroupKey, List<Step>>();
            var taken = new List<(StepSlice Slice, Step[] Steps)>();
            for (int second = 0; second < 600; second++)
            {
                long atMs = T0 + (second * 1_000);
                for (int change = random.Next(20); change > 0; change--)
                {
                    var key = new GroupKey(Protocols.Tcp, Ip.Parse("10.96.0.1"), 80, Ip.Parse($"10.244.0.{random.Next(1, 60)}"), 8080);
                    if (!table.TryFind(key, out int slot))
                        slot = table.Add(new ClusterGroup(key));
                    var counts = default(StateCounts);
                    counts[(int)FlowState.Established] = (uint)(random.Next(4) == 0 ? 0 : random.Next(100_000));
                    table.Set(slot, counts, atMs);
                    if (!plain.TryGetValue(key, out var steps))
                        plain[key] = steps = [];
                    if ((steps.Count == 0 ? 0 : steps[^1].Live) != counts.Live)
                        steps.Add(new Step(atMs, (int)counts.Live, 0));
                    if (random.Next(50) == 0)
                        taken.Add((table[slot].Steps, [.. steps]));
                }

                if (second % 60 == 59)
                    Trim(table, plain, atMs - random.Next(200_000));
            }

            Assert.Equal(plain.Keys.OrderBy(key => key.Backend.ToString()), table.Slots.Select(slot => table[slot].Key).OrderBy(key => key.Backend.ToString()));
            foreach (int slot in table)
                Assert.Equal(plain[table[slot].Key], Steps(table[slot].Steps));
            Assert.All(taken, slice => Assert.Equal(slice.Steps, Steps(slice.Slice)));
        }
    }

    [Fact]
    public void Bytes_AfterManyMinutes_StayNearWhatIsUsed()
    {
        var table = new NodeGroups();
        for (int backend = 0; backend < 100; backend++)
            table.Add(new ClusterGroup(new GroupKey(Protocols.Tcp, Ip.Parse("10.96.0.1"), 80, Ip.Parse($"10.244.0.{backend}"), 8080)));
        var random = new Random(1);
        double most = 0;
        for (int second = 0; second < 7_200; second++)
        {
            foreach (int slot in table)
            {
                var counts = default(StateCounts);
                counts[(int)FlowState.Established] = 1_000 + (uint)random.Next(20);
                if (random.Next(30) == 0)
                    table.Set(slot, counts, T0 + (second * 1_000));
            }

            if (second % 60 == 0)
                table.Trim(T0 + ((second - 900) * 1_000));
            if (second > 1_800)
                most = Math.Max(most, (double)table.Bytes / table.Slots.Sum(slot => table[slot].Needs));
        }

        // A quarter of it may be left behind, and the last page is not full.
        Assert.InRange(most, 1, 1.6);
    }

    private static void Trim(NodeGroups table, Dictionary<GroupKey, List<Step>> plain, long beforeMs)
    {
        foreach (int slot in table.Trim(beforeMs) ?? [])
        {
            Assert.Equal(0, plain[table[slot].Key][^1].Live);
            plain.Remove(table[slot].Key);
            table.Remove(slot);
        }

        foreach (var steps in plain.Values)
            steps.RemoveRange(0, Math.Max(0, steps.FindLastIndex(step => step.AtMs <= beforeMs)));
    }

    private static List<Step> Steps(StepSlice slice)
    {
        var steps = new List<Step>();
        foreach (var step in slice)
            steps.Add(step);
        return steps;
    }
}
