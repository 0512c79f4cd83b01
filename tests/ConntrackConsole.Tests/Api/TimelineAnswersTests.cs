using System.Text.Json;
using ConntrackConsole.Api.Timeline;
using ConntrackConsole.Tests.Timeline.Rollup;
using ConntrackConsole.Timeline.Model;
using Xunit;
using static ConntrackConsole.Tests.Timeline.Frames;
using static ConntrackConsole.Tests.Timeline.Rollup.TimelineFixture;

namespace ConntrackConsole.Tests.Api;

/// <summary>What many readers cost together.</summary>
public sealed class TimelineAnswersTests : IAsyncLifetime
{
    private TimelineFixture _console = null!;
    private TimelineAnswers _answers = null!;

    public async ValueTask InitializeAsync()
    {
        _console = await StartAsync();
        _answers = new TimelineAnswers(_console.History);
        for (int second = 1; second <= 30; second++)
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1_000L), second == 1, (Group, (uint)(second % 5) + 1, 0)));
    }

    public ValueTask DisposeAsync()
    {
        _console.Dispose();
        return default;
    }

    [Fact]
    public async Task EqualReaders_OfOneVersion_AreOneComputation_AndTheSameBytes()
    {
        var query = new TimelineQuery(T0, T0 + 30_000, 30);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _answers.GetAsync(query)));
        Assert.Equal((1, 1), (_answers.Written, _console.Store.Read(reading => reading.Computed)));
        Assert.All(answers, answer => Assert.Same(answers[0], answer));
        Assert.Equal(1, _answers.Written);
        Assert.Equal(2, Entries(answers[0])[0]);

        _console.Take("node1", Frame(31, T0 + 30_500, false, (Group, 9, 0)));
        var next = await _answers.GetAsync(query);
        Assert.Equal(2, _answers.Written);
        // Those who still send the former answer have it unchanged.
        Assert.Equal(2, Entries(answers[^1])[0]);
        foreach (var answer in answers)
            answer.Release();
        Assert.False(answers[0].TryOwn());
        Assert.Equal(2, Entries(next)[0]);
        next.Release();
        Assert.Same(next, await _answers.GetAsync(query));
    }

    [Fact]
    public async Task OtherQuestions_HaveTheirOwnAnswers()
    {
        var (a, b) = (await _answers.GetAsync(new TimelineQuery(T0, T0 + 30_000, 30)), await _answers.GetAsync(new TimelineQuery(T0, T0 + 30_000, 15)));
        Assert.Equal((30, 15), (Entries(a).Length, Entries(b).Length));
    }

    /// <summary>The columns, not the bytes, are what an answer allocates: its buffers are used again.</summary>
    [Fact]
    public async Task Answer_AllocatesLessThanItIsLong()
    {
        var groups = Enumerable.Range(0, 60).Select(i => (Key($"10.1.1.{i}"), 12_345u, 6_789u)).ToArray();
        for (int second = 31; second <= 40; second++)
            _console.Take("node1", Frame((ulong)second, T0 + (second * 1_000L), false, groups));
        long length = 0;
        var allocated = new List<long>();
        for (int i = 0; i < 12; i++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            var answer = await _answers.GetAsync(new TimelineQuery(T0 - i, T0 + 40_000 - i, 4_000));
            allocated.Add(GC.GetTotalAllocatedBytes(precise: true) - before);
            length = answer.Length;
            answer.Release();
            _console.Store.Publish();
        }

        // Entries and closing entries of 4,000 columns and 61 backends; other tests run beside this one.
        Assert.InRange(allocated.Min(), 1, 61 * 2 * 4_000 * sizeof(int) * 3 / 2);
        Assert.True(length > 61 * 4_000 * 5, $"{length} bytes");
    }

    private static int[] Entries(SharedBytes answer)
    {
        using var json = JsonDocument.Parse(answer.Parts.SelectMany(part => part.ToArray()).ToArray());
        return [.. json.RootElement.GetProperty("sum").GetProperty("entries").EnumerateArray().Select(value => value.GetInt32())];
    }
}
