using System.Buffers.Binary;
using ConntrackConsole.Components.Controls.Timeline;
using ConntrackConsole.Components.Text;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Tests.Architecture;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;
using Xunit;

namespace ConntrackConsole.Tests.Components.Controls.Timeline;

/// <summary>Pins the byte format that the canvas decodes (wwwroot/js/view.js).</summary>
public sealed class ViewBytesTests
{
    [Fact]
    public void Write_SmallView_IsTheseBytes()
    {
        int[] entries = [-1, -1, 2, 2, 2, 2, 300, 300, 300, 300];
        var lane = Views.Lane("orders", Views.Backend("10.1.0.5", entries, pod: "shop/orders-1"));
        var view = Views.Of([lane, Views.Lane("cart")], gaps: [new GapSpan("node-a", GapKind.Silent, 1, 2, "é")]);

        byte[] bytes = ViewBytes.Write(view, [lane], live: true);

        Assert.Equal("CTV4"u8, bytes.AsSpan(0, 4));
        Assert.True(BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(4)) >= 1); // its version
        Assert.Equal(view.FromMs, BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(12)));
        Assert.Equal(1000, BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(20)));
        Assert.Equal(view.NowMs, BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(28)));
        byte[] expected =
        [
            10, 1, 1, // columns, live, one hidden lane
            1, .. Text("tcp 10.96.0.1 80"), .. Text("orders"), .. Text("10.96.0.1:80 tcp"),
            1, .. Text("10.1.0.5"), .. Text("orders-1"), (byte)EntryState.Active,
            1, 2, 4, 4, 0xD8, 0x04, 4, // entries: −1 twice, 2 four times, 300 four times
            0, 10, 0, 10, // stale, closing
            0, 0, 0, 0, // rollouts left out, rollouts, terminations left out, terminations
            0, 10, 0, 10, 0, 10, // resets
            1, .. Text("node-a"), (byte)GapKind.Silent, 2, 0xC3, 0xA9, .. F64(1), .. F64(2),
            0, // restarts
            0, // no counters
        ];
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(bytes.AsSpan(36)));
    }

    [Fact]
    public void Write_LaneOfWhichIpvsKeepsConnections_BeginsItsSecondLineWithThem()
    {
        var lane = Views.Lane("orders") with { IpvsRemoved = 2, IpvsDraining = 1 };

        string bytes = System.Text.Encoding.UTF8.GetString(ViewBytes.Write(Views.Of([lane]), [lane], live: true));

        Assert.Contains("IPVS keeps 3 · 10.96.0.1:80 tcp", bytes, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_StaleBackend_IsAtTheBottom()
    {
        int[] entries = [2, 2, 2, 2, 2, 2, 2, 2, 2, 2];
        var stale = Views.Backend("10.1.0.5", entries) with { Stale = entries };
        var lane = Views.Lane("orders", Views.Backend("10.1.0.6", entries), stale);

        string bytes = System.Text.Encoding.Latin1.GetString(ViewBytes.Write(Views.Of([lane]), [lane], live: true));

        Assert.InRange(bytes.IndexOf("10.1.0.5", StringComparison.Ordinal), 1, bytes.IndexOf("10.1.0.6", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_RolloutWithAnEnd_IsTheseBytes()
    {
        var view = Views.Of(terminations: [Views.OfRollout]) with { Rollouts = [Views.Rollout] };

        byte[] bytes = ViewBytes.Write(view, [], live: false);

        byte[] rollout =
        [
            0, 1, .. Text("d1/4"), .. Text("checkout 3 → 4"), .. Text("shop"), (byte)RolloutState.Finished, 0,
            .. F64(Views.NowMs - 9_000), .. F64(Views.NowMs - 7_000), .. F64(double.NaN), .. F64(Views.NowMs - 1_000),
        ];
        byte[] end =
        [
            0, 1, .. Text("u1"), .. Text("checkout-1"), .. Text("10.1.0.5"), .. Text("node-a"), .. Text("R"), .. Text("rollout"), 1, .. F64(Views.NowMs - 8_000), .. F64(Views.NowMs - 2_500),
            .. F64(Views.NowMs - 8_000), .. F64(Views.NowMs - 7_900), .. F64(Views.NowMs - 7_900), .. F64(Views.NowMs - 3_000), .. F64(Views.NowMs - 7_500),
            .. F64(double.NaN), .. F64(Views.NowMs - 7_800), .. F64(Views.NowMs - 3_000), .. F64(Views.NowMs - 2_500), .. F64(double.NaN),
            .. F64(Views.NowMs - 3_000), (byte)ContainerExit.Killed, .. Text("exit 137: killed at the end of the grace period"), 0,
        ];
        Assert.Contains(Convert.ToHexString([.. rollout, .. end]), Convert.ToHexString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Restart_HasTimeKindAddressAndText()
    {
        var restart = new PodRestart("u1", "shop", "orders-1", "node-a", null, "app", 2, Views.NowMs - 4_000, 137, "OOMKilled") { Ip = Ip.Parse("10.1.0.5") };

        byte[] bytes = ViewBytes.Write(Views.Of() with { Restarts = [restart] }, [], live: false);

        byte[] expected = [0, 1, .. F64(Views.NowMs - 4_000), 1, .. Text("10.1.0.5"), .. Text("orders-1: container app exceeded its memory limit and restarted (OOMKilled, exit code 137)"), 0];
        Assert.EndsWith(Convert.ToHexString(expected), Convert.ToHexString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Counters_AreTheirRowsNamesAndFailures()
    {
        var counters = new CounterLanes(
            Views.Flat(1), Views.Flat(2), Views.Flat(3), Views.Flat(4), Views.Flat(5), new GaugeLane(Views.Flat(912), Views.Flat(0)), new GaugeLane([-1, 7_000], [-1, 0]), ["n1"],
            [new SyncFailure("n1", Views.NowMs - 4_000, 300)]);

        byte[] bytes = ViewBytes.Write(Views.Of() with { Counters = counters }, [], live: false);

        byte[] expected =
        [
            1, // counters
            2, 10, 10, 10, 4, 10, 6, 10, 8, 10, // INVALID, those that kube-proxy dropped, drop, early_drop, insert_failed
            0xA0, 0x0E, 10, 0, 10, // the fullest table, of which node
            1, 1, 0xB0, 0x6D, 1, 1, 8, 1, 1, 0, 1, 1, 8, // the longest lag, of which node; a short row is padded with unknown
            1, .. Text("n1"), 1, .. F64(Views.NowMs - 4_000), .. Text("n1"), 0xAC, 0x02,
        ];
        Assert.EndsWith(Convert.ToHexString(expected), Convert.ToHexString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ThousandsOfTerminations_KeepsTheMostRelevant()
    {
        var terminations = Enumerable.Range(0, 5_000).Select(i => Views.Ended("10.1.0.5", $"p{i}", Views.NowMs - 60_000 - i, stale: i == 4_999 ? 1 : 0));

        byte[] bytes = ViewBytes.Write(Views.Of(terminations: terminations), [], live: false);

        Assert.Contains(Convert.ToHexString(Text("p4999")), Convert.ToHexString(bytes), StringComparison.Ordinal);
        Assert.InRange(bytes.Length, 1, ViewBytes.MaxTerminations * 300);
    }

    [Fact]
    public void Write_RangeWithoutData_IsUnknown()
    {
        var range = Views.Of() with { FromMs = Views.NowMs - 7_200_000, ToMs = Views.NowMs - 7_190_000 };

        Assert.Equal(2, ViewBytes.Write(range, [], live: false)[37] & 2);
        Assert.Equal(0, ViewBytes.Write(Views.Of(), [], live: false)[37] & 2);
    }

    // Two views that differ only in the state of a backend differ in its byte, which is its index in the canvas's list.
    [Fact]
    public void Write_EachState_IsItsIndexInTheCanvas()
    {
        string script = File.ReadAllText(RepositoryFiles.Path("wwwroot", "js", "view.js"));
        string[] names = [.. System.Text.RegularExpressions.Regex.Matches(System.Text.RegularExpressions.Regex.Match(script, @"STATES = \[([^\]]*)\]").Groups[1].Value, "\"([^\"]+)\"").Select(m => m.Groups[1].Value)];
        byte[] active = Bytes(EntryState.Active);
        foreach (var state in Enum.GetValues<EntryState>())
        {
            byte[] bytes = Bytes(state);
            Assert.Equal(active.Length, bytes.Length);
            byte[] different = [.. bytes.Where((value, i) => i >= 12 && value != active[i])];
            Assert.Equal(state == EntryState.Active ? [] : [(byte)state], different);
            Assert.Equal(DisplayText.Name(state), names[(int)state]);
        }

        static byte[] Bytes(EntryState state) => Views.Lane("orders", Views.Backend("10.1.0.5", Views.Flat(4), state)) is var lane ? ViewBytes.Write(Views.Of([lane]), [lane], live: false) : [];
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Write_PortClaimedByTwoServices_IsInTheLanesText(bool isContested)
    {
        var lane = Views.Lane("orders") with { Claims = isContested ? ["shop/orders", "shop/other"] : [] };

        string text = System.Text.Encoding.UTF8.GetString(ViewBytes.Write(Views.Of([lane]), [lane], live: false));

        Assert.Equal(isContested, text.Contains(", claimed by 2 Services", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_SeriesShorterThanTheView_IsPaddedWithUnknown()
    {
        var lane = Views.Lane("orders", Views.Backend("10.1.0.5", [4, 4]));

        byte[] bytes = ViewBytes.Write(Views.Of([lane]), [lane], live: false);

        Assert.Contains("08020108", Convert.ToHexString(bytes), StringComparison.Ordinal); // 4 twice, −1 eight times
    }

    [Fact]
    public void Of_PagesThatShowAViewAlike_ShareTheBytes()
    {
        var view = Views.Of([Views.Lane("orders", Views.Backend("10.1.0.5", Views.Flat(4)))]);

        byte[] bytes = ViewBytes.Of(view, 8, live: true, null).Whole;

        Assert.Same(bytes, ViewBytes.Of(view, 8, live: true, null).Whole);
        Assert.NotEqual(bytes, ViewBytes.Of(view, 8, live: false, null).Whole);
        Assert.NotSame(bytes, ViewBytes.Of(view with { }, 8, live: true, null).Whole);
    }

    [Fact]
    public void Write_OneHourOfSteadyConnections_IsSmall()
    {
        var lanes = Enumerable.Range(0, 20).Select(i => new ServiceLane("shop", $"s{i}", $"10.96.0.{i}", 80, "tcp",
            [.. Enumerable.Range(0, 5).Select(b => new BackendSeries($"10.1.{i}.{b}", 80, $"shop/s{i}-{b}", OwnerState.Live, EntryState.Active,
                [.. Enumerable.Range(0, 900).Select(c => 20 + c / 60 % 3)], new int[900], new int[900]))])).ToList();
        var view = Views.Of(lanes) with { Columns = 900 };

        Assert.InRange(ViewBytes.Write(view, lanes, live: true).Length, 1, 12_000);
    }

    private static byte[] Text(string text) => [(byte)System.Text.Encoding.UTF8.GetByteCount(text), .. System.Text.Encoding.UTF8.GetBytes(text)];

    private static byte[] F64(double value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return bytes;
    }
}
