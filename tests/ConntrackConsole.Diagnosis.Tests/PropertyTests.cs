using System.Reflection;
using ConntrackConsole.Diagnosis.Catalog;
using ConntrackConsole.Diagnosis.Facts;
using ConntrackConsole.Wire;
using Xunit;
using static ConntrackConsole.Diagnosis.Tests.Cases;

namespace ConntrackConsole.Diagnosis.Tests;

/// <summary>What holds for all evidence: less of it never leads to another name, and two causes are both named.</summary>
public class PropertyTests
{
    private static readonly Func<Evidence, Evidence>[] Removals =
    [
        seen => seen with { Resets = default }, seen => seen with { Traffic = default }, seen => seen with { Entries = default }, seen => seen with { Lookups = default },
        seen => seen with { Ipvs = default }, seen => seen with { Lifecycle = default }, seen => seen with { Counters = default }, seen => seen with { Proxy = default },
        seen => seen with { Settings = default }, seen => seen with { Route = default },
        seen => seen with { Gaps = [.. seen.Gaps, new Gap(GapKind.EventsLost, T, T + 1_000, 0)] }, seen => seen with { Gaps = [.. seen.Gaps, new Gap(GapKind.ResetsLost, T, T + 1_000, 0)] },
    ];

    /// <summary>Every set of sources, not only one at a time.</summary>
    [Fact]
    public void Run_WithoutSomeSources_GivesTheSameNameOrInsufficient()
    {
        foreach (var (name, _, seen) in Cases.All)
            AssertStable(name, seen);
    }

    /// <summary>What only the node of an address sees is a source of its own, within the lifecycle.</summary>
    [Fact]
    public void Run_WithoutTheNodesView_GivesNoOtherName()
    {
        var cases = Cases.All.Where(one => one.Seen.Lifecycle.Value?.FormerGoneMs is not null).ToList();
        Assert.NotEmpty(cases);
        foreach (var (name, _, seen) in cases)
        {
            var less = seen with { Lifecycle = seen.Lifecycle.Value! with { FormerGoneMs = null } };
            Assert.True(!Codes(less).Except(Codes(seen)).Any(), name);
            Assert.True(DiagnosisEngine.Run(less) is { } report && report.Findings.Count + report.Missing.Count > 0, $"{name}: calm");
            AssertStable(name, less, maxRemovals: 2, mayBeCalm: true);
        }
    }

    [Fact]
    public void Run_OneNodeWithoutTheCluster_WithoutSomeSources_GivesNoOtherName()
    {
        foreach (var (name, _, seen) in Cases.All)
            AssertStable(name, seen with { Scope = EvidenceScope.Node, Lifecycle = default });
    }

    [Fact]
    public void Run_TwoCausesAtOnce_WithoutSomeSources_GivesNoOtherName()
    {
        foreach (var (name, mix) in Mixes())
            AssertStable(name, mix, maxRemovals: 2);
    }

    /// <summary>What is no finding does not become one with less evidence.</summary>
    [Fact]
    public void Run_NothingFound_WithoutSomeSources_FindsNothing()
    {
        foreach (var (name, seen) in RuleTests.Healthy.Concat(RuleTests.NearMisses.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Seen))))
            AssertStable(name, seen, mayBeCalm: true);
    }

    private static void AssertStable(string name, Evidence seen, int maxRemovals = int.MaxValue, bool mayBeCalm = false)
    {
        string[] all = Codes(seen);
        for (int set = 1; set < 1 << Removals.Length; set++)
        {
            if (int.PopCount(set) > maxRemovals)
                continue;
            var less = seen;
            for (int i = 0; i < Removals.Length; i++)
                less = (set & (1 << i)) != 0 ? Removals[i](less) : less;
            var report = DiagnosisEngine.Run(less);
            var other = report.Findings.Select(finding => finding.Mechanism.Code).Except(all).ToList();
            Assert.True(other.Count == 0, $"{name} without the sources {set:b}: {string.Join(", ", other)}");
            Assert.True(mayBeCalm || report.Findings.Count > 0 || report.Missing.Count > 0, $"{name} without the sources {set:b}: calm");
        }
    }

    [Fact]
    public void Run_TwoCausesAtOnce_NamesBoth_AndSharesStayWithinTheWhole()
    {
        int mixes = 0;
        foreach (var (name, mix) in Mixes())
        {
            mixes++;
            var report = DiagnosisEngine.Run(mix);
            string[] expected = [.. name.Split(" + ").Order(StringComparer.Ordinal)];
            Assert.True(expected.SequenceEqual(Codes(mix)), $"{name}: {string.Join(", ", Codes(mix))}; missing {string.Join("; ", report.Missing.Select(missing => missing.What))}");
            foreach (var unit in report.Findings.GroupBy(finding => finding.Explains.Unit))
                Assert.True(unit.Sum(finding => finding.Explains.Count) <= unit.Max(finding => finding.Explains.Whole), $"{name}: {unit.Key}");
            Assert.Equal(0, report.UnexplainedResets);
        }

        Assert.True(mixes > 120, $"{mixes} mixes");
    }

    // Two that contradict each other: one needs silence or a pod that is gone where the other needs a live one, or no entry of any Service.
    private static bool Contradict(string one, string other)
    {
        string[] silent = [MechanismCodes.BlackHole, MechanismCodes.SynReuse, MechanismCodes.UdpDeadBackend];
        string[] pair = [one, other];
        return pair.Contains(MechanismCodes.Bypassed)
            || (pair.Any(silent.Contains) && pair.Any(code => code is MechanismCodes.AddressReused or MechanismCodes.WrongBackend))
            // Hung connections to a server of weight 0 are a black hole as well if its pod is gone.
            || (pair.Contains(MechanismCodes.IpvsDraining) && pair.Any(code => True[code].Lifecycle.Value!.HasLiveOwner == false))
            || (pair.Contains(MechanismCodes.NoEndpoints) && pair.Contains(MechanismCodes.UdpUntranslated));
    }

    private static IEnumerable<(string Name, Evidence Seen)> Mixes()
    {
        string[] codes = [.. True.Keys];
        for (int one = 0; one < codes.Length; one++)
        {
            for (int other = one + 1; other < codes.Length; other++)
            {
                if (!Contradict(codes[one], codes[other]) && Mix(Calm, True[codes[one]], True[codes[other]]) is Evidence mix)
                    yield return ($"{codes[one]} + {codes[other]}", mix);
            }
        }
    }

    /// <summary>What two observations that differ from a calm one are together; null if they contradict each other.</summary>
    private static object? Mix(object calm, object one, object other)
    {
        object mix = calm.GetType().GetMethod("<Clone>$")!.Invoke(calm, null)!;
        foreach (var property in calm.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(property => property.CanWrite))
        {
            object? at = property.GetValue(calm), left = property.GetValue(one), right = property.GetValue(other);
            bool isCount = property.PropertyType == typeof(int) || property.PropertyType == typeof(long) || property.PropertyType == typeof(Occurrences);
            object? value = Same(at, left) ? right : Same(at, right) || (Same(left, right) && !isCount) ? left : (left, right) switch
            {
                (Occurrences a, Occurrences b) => a + b,
                (int a, int b) when isCount => a + b,
                (long a, long b) when isCount => a + b,
                (IReadOnlyDictionary<LossCause, Occurrences> a, IReadOnlyDictionary<LossCause, Occurrences> b) => a.Concat(b).GroupBy(lost => lost.Key).ToDictionary(lost => lost.Key, lost => lost.Select(l => l.Value).Aggregate((x, y) => x + y)),
                _ => Inner(at, left!, right!),
            };
            if (value is null && left is not null)
                return null;
            property.SetValue(mix, value);
        }

        return mix;
    }

    private static bool Same(object? one, object? other) => Equals(one, other);

    private static object? Inner(object? calm, object one, object other)
    {
        if (calm?.GetType() is not { IsGenericType: true } type || type.GetGenericTypeDefinition() != typeof(Source<>))
            return null;
        var value = type.GetProperty("Value")!;
        return Mix(value.GetValue(calm)!, value.GetValue(one)!, value.GetValue(other)!) is { } mix ? type.GetMethod("Known")!.Invoke(null, [mix]) : null;
    }
}
