using ConntrackConsole.Lab.Incidents;
using Xunit;

namespace ConntrackConsole.Lab.Tests;

public sealed class EndingOrderTests
{
    [Fact]
    public void Draw_ManyEnds_HaveTheRecordedFrequencies()
    {
        const int ends = 107_000;
        var random = new Random(1);
        var orders = Enumerable.Range(0, ends).Select(_ => EndingOrder.Draw(random)).ToList();
        Near(3, orders.Count(o => o.SliceBeforeMark));
        Near(34, orders.Count(o => o.KillingBeforeSlice)); // 35 of those in which the endpoint was not first
        Near(5, orders.Count(o => o.EndpointBeforePhase));
        Near(7, orders.Count(o => o.EndpointAfterObject));
        Assert.DoesNotContain(orders, o => (o.EndpointBeforePhase && o.EndpointAfterObject) || (o.SliceBeforeMark && o.KillingBeforeSlice));

        static void Near(int of107, int count) => Assert.InRange(count / 1_000.0, of107 * 0.9, of107 * 1.1);
    }
}
