using Xunit;

namespace ConntrackConsole.Kernel.Tests.Namespaces;

/// <summary>Addresses of test networks are chosen by these numbers: a trace sees every network of the machine.</summary>
public sealed class ClaimedNumberTests
{
    private const string Purpose = "claimed-number-tests";

    [Fact]
    public void Take_AllButOneTaken_FindsTheFreeOne()
    {
        var taken = Enumerable.Range(0, 4).Select(_ => ClaimedNumber.Take(Purpose, 4)).ToList();
        Assert.Equal([0, 1, 2, 3], taken.Select(n => n.Value).Order());
        Assert.Throws<InvalidOperationException>(() => ClaimedNumber.Take(Purpose, 4));
        int freed = taken[2].Value;
        taken[2].Dispose();
        // A program that is just being started has this one's sockets until its exec.
        ClaimedNumber? again = null;
        Assert.True(SpinWait.SpinUntil(() => (again = TryTake()) is not null, TimeSpan.FromSeconds(20)));
        Assert.Equal(freed, again!.Value);
        again.Dispose();
        foreach (var number in taken)
            number.Dispose();

        static ClaimedNumber? TryTake()
        {
            try
            {
                return ClaimedNumber.Take(Purpose, 4);
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }
}
