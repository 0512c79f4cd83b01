using ConntrackConsole.Collector.Observation.Flows;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Observation;

public class GroupChainsTests
{
    [Fact]
    public void Lists_AfterManyRandomChanges_HoldExactlyTheirNumbers()
    {
        var random = new Random(4);
        var chains = new GroupChains<int>();
        var truth = new Dictionary<int, int>(); // number → key
        for (int step = 0; step < 20_000; step++)
        {
            int number = random.Next(300);
            if (truth.Remove(number, out int key))
                chains.Remove(key, number);
            else
                chains.Add(truth[number] = random.Next(5), number);
        }

        for (int key = 0; key < 5; key++)
        {
            var found = new List<int>();
            for (int number = chains.First(key); number >= 0; number = chains.Next(number))
                found.Add(number);
            Assert.Equal(truth.Where(pair => pair.Value == key).Select(pair => pair.Key).Order(), found.Order());
        }
    }
}
