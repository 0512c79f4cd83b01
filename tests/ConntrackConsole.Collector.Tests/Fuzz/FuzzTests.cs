using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace ConntrackConsole.Collector.Tests.Fuzz;

/// <summary>
/// A bounded run of each target. CC_FUZZ_SECONDS in the environment (tests/run --fuzz SECONDS) sets its duration, with a
/// different seed each time.
/// </summary>
public class FuzzTests
{
    private const int Rounds = 20_000;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Target_AnyBytes_AreParsedOrRefused(string name)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        foreach (byte[] seed in target.Seeds)
            Try(target, seed);
        int seconds = int.Parse(Environment.GetEnvironmentVariable("CC_FUZZ_SECONDS") ?? "0", CultureInfo.InvariantCulture);
        int start = seconds == 0 ? 12 : Environment.TickCount;
        var mutator = new Mutator(target.Seeds, start);
        long inputs = 0;
        for (var clock = Stopwatch.StartNew(); seconds == 0 ? inputs < Rounds : clock.Elapsed.TotalSeconds < seconds; inputs++)
            Try(target, mutator.Next());
        TestContext.Current.SendDiagnosticMessage($"{name}: {inputs} inputs from seed {start}");
    }

    [Fact]
    public void Mutator_SameSeed_CreatesTheSameInputs()
    {
        byte[][] seeds = [[1, 2, 3, 4, 5, 6, 7, 8]];
        var (one, other) = (new Mutator(seeds, 5), new Mutator(seeds, 5));
        var inputs = Enumerable.Range(0, 200).Select(_ => Convert.ToHexString(one.Next())).ToList();

        Assert.Equal(inputs, Enumerable.Range(0, 200).Select(_ => Convert.ToHexString(other.Next())));
        Assert.True(inputs.Distinct().Count() > 150);
    }

    private static void Try(FuzzTarget target, byte[] input)
    {
        try
        {
            target.Parse(input);
        }
        catch (Exception failure)
        {
            Assert.Fail($"{target.Name}: {failure.GetType().Name}: {failure.Message}\nInput: {Convert.ToHexString(input)}\n{failure.StackTrace}");
        }
    }
}
