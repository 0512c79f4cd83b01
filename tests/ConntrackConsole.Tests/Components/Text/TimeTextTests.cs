using ConntrackConsole.Components.Text;
using Xunit;

namespace ConntrackConsole.Tests.Components.Text;

public sealed class TimeTextTests
{
    private static readonly long _now = Ms("2026-11-24T17:30:00Z");
    private static readonly ViewerClock _berlin = ViewerClock.For(true, "Europe/Berlin");

    [Theory]
    [InlineData("2026-11-24 17:05", "2026-11-24T17:05:00Z")]
    [InlineData(" 2026-11-24T17:05:30 ", "2026-11-24T17:05:30Z")]
    [InlineData("17:05:30", "2026-11-24T17:05:30Z")]
    [InlineData("18:00", "2026-11-23T18:00:00Z")]
    [InlineData("2026-11-24T19:05:30+02:00", "2026-11-24T17:05:30Z")]
    [InlineData("-2h", "2026-11-24T15:30:00Z")]
    [InlineData("now", "2026-11-24T17:30:00Z")]
    public void Parse_WhatPeopleType_IsThatMoment(string typed, string expected)
    {
        Assert.Equal(Ms(expected), TimeText.Parse(typed, ViewerClock.Utc, _now));
    }

    [Theory]
    [InlineData("2026-11-24 17:05", "2026-11-24T16:05:00Z")]
    [InlineData("2026-03-29 02:30", "2026-03-29T01:30:00Z")]
    [InlineData("2026-10-25 02:30", "2026-10-25T00:30:00Z")]
    [InlineData("2026-11-24T17:05:00Z", "2026-11-24T17:05:00Z")]
    public void Parse_InAZoneWithSummerTime_IsThatZonesMoment(string typed, string expected)
    {
        Assert.Equal(Ms(expected), TimeText.Parse(typed, _berlin, _now));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("2026-13-01 10:00")]
    [InlineData("-h")]
    [InlineData("-99999999999d")]
    [InlineData("24/11/2026")]
    public void Parse_Nonsense_IsNoTime(string? typed)
    {
        Assert.Null(TimeText.Parse(typed, ViewerClock.Utc, _now));
    }

    private static long Ms(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
