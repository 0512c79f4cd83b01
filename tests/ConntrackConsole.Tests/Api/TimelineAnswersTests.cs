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

    /// <summary>With a thousand nodes there is a change every few milliseconds: it does not make each reader take a snapshot of its own.</summary>
    [Fact]
    public async Task Readers_WithinAFifthOfASecond_ShareTheSnapshot_WhateverChanges()
    {
        var query = new TimelineQuery(T0, T0 + 30_000, 30);
        var first = await _answers.GetAsync(query);
        for (int i = 0; i < 20; i++)
        {
            _console.Store.Publish();
            Assert.Same(first, await _answers.GetAsync(query));
        }

        Assert.Equal((1, 1), (_answers.Written, _console.Store.Read(reading => reading.Computed, 100)));
        _console.At(30_200);
        Assert.NotSame(first, await _answers.GetAsync(query));
    }

    [Fact]
    public async Task OtherQuestions_HaveTheirOwnAnswers()
    {
        var (a, b) = (await _answers.GetAsync(new TimelineQuery(T0, T0 + 30_000, 30)), await _answers.GetAsync(new TimelineQuery(T0, T0 + 30_000, 15)));
        Assert.Equal((30, 15), (Entries(a).Length, Entries(b).Length));
    }

    /// <summary>The buffers of an answer are used again: writing it allocates a small part of its length.</summary>
    [Fact]
    public async Task Answer_IsWrittenIntoBuffersThatAreUsedAgain()
    {
        var groups = Enumerable.Range(0, 20).Select(i => (Key($"10.1.1.{i}"), 12_345u, 6_789u)).ToArray();
        _console.Take("node1", Frame(31, T0 + 31_000, false, groups));
        _console.Take("node1", Frame(32, T0 + 40_000, true, groups));
        var view = await _console.History.QueryAsync(new TimelineQuery(T0, T0 + 40_000, 4_000), TestContext.Current.CancellationToken);
        var (allocated, length) = (long.MaxValue, 0L);
        for (int i = 0; i < 20; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var bytes = new SharedBytes();
            TimelineJson.Write(view, bytes);
            length = bytes.Length;
            bytes.Release();
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(length > 500_000, $"{length} bytes");
        Assert.InRange(allocated, 0, length / 10);
    }

    private static int[] Entries(SharedBytes answer)
    {
        using var json = JsonDocument.Parse(answer.Parts.SelectMany(part => part.ToArray()).ToArray());
        return [.. json.RootElement.GetProperty("sum").GetProperty("entries").EnumerateArray().Select(value => value.GetInt32())];
    }
}
