using System.Diagnostics;
using ConntrackConsole.Timeline.Query;
using Xunit;

namespace ConntrackConsole.Tests.Timeline.Query;

/// <summary>Pages' answers are made one after the other, and leave a part of few processors to the intake.</summary>
public sealed class AnswerTurnsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoAnswers_AreMadeOneAfterTheOther()
    {
        using var turns = new AnswerTurns(4);
        TaskCompletionSource<int> first = new(), second = new();
        bool began = false;

        var one = turns.RunAsync(() => first.Task, Ct);
        var two = turns.RunAsync(() => { began = true; return second.Task; }, Ct);
        Assert.False(began);
        first.SetResult(1);
        second.SetResult(2);

        Assert.Equal((1, 2), (await one, await two));
        Assert.True(began);
    }

    [Fact]
    public async Task AnswerThatFailed_EndsItsTurn()
    {
        using var turns = new AnswerTurns(4);

        await Assert.ThrowsAsync<IOException>(() => turns.RunAsync<int>(() => throw new IOException(), Ct));

        Assert.Equal(3, await turns.RunAsync(() => Task.FromResult(3), Ct));
    }

    /// <summary>The first 200 ms are free; then an answer is followed by a pause of its own length.</summary>
    [Theory]
    [InlineData(2, 580)]
    [InlineData(1, 980)]
    public async Task FewProcessors_PartOfThemIsLeft(int processors, int fifthAfterMs)
    {
        using var turns = new AnswerTurns(processors);
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < 4; i++)
            await turns.RunAsync(() => Task.Delay(100, Ct).ContinueWith(_ => i, TaskScheduler.Default), Ct);

        var fifth = await turns.RunAsync(() => Task.FromResult(clock.Elapsed), Ct);

        Assert.InRange(fifth, TimeSpan.FromMilliseconds(fifthAfterMs), TimeSpan.MaxValue);
    }
}
