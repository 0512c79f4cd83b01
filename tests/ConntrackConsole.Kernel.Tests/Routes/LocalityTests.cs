using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Kernel.Routes;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace ConntrackConsole.Kernel.Tests.Routes;

public sealed class LocalityTests
{
    private static readonly Ip Pod = Ip.Parse("10.203.1.2");

    private readonly FakeTimeProvider _time = new();
    private bool _routed;
    private int _lookups;

    private Locality Open() => new(_ => { _lookups++; return _routed; }, _time);

    [Fact]
    public void Lookup_WithinASecond_IsCached()
    {
        using var locality = Open();
        Assert.False(locality.IsLocal(Pod));
        _routed = true;
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(locality.IsLocal(Pod));
        Assert.Equal(1, _lookups);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(locality.IsLocal(Pod));
    }

    [Fact]
    public void Pod_RouteRemoved_StaysLocalForThirtySeconds()
    {
        using var locality = Open();
        _routed = true;
        Assert.True(locality.IsLocal(Pod));
        _routed = false;
        for (int second = 1; second < 30; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(locality.IsLocal(Pod));
        }

        // Looked up every second in between, and the time still starts at the last positive answer.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(locality.IsLocal(Pod));
        Assert.Equal(31, _lookups);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3")]
    [InlineData("::1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public void Address_OfLoopbackOrNone_IsNeverLocal(string address)
    {
        using var locality = Open();
        _routed = true;
        Assert.False(locality.IsLocal(Ip.Parse(address)));
        Assert.False(locality.IsLocal(default));
        Assert.Equal(0, _lookups);
    }

    [Fact]
    public void Cache_WithVeryManyAddresses_IsBounded()
    {
        using var locality = Open();
        for (uint i = 0; i < 20_000; i++)
            locality.IsLocal(Ip.V4(0x0ACB0000 + i));
        Assert.False(locality.IsLocal(Ip.V4(0x0ACB0000)));
        Assert.Equal(20_001, _lookups);
    }
}
