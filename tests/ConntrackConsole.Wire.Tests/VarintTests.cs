using System.Buffers;
using Xunit;

namespace ConntrackConsole.Wire.Tests;

[Trait("Category", "Parser")]
public class VarintTests
{
    [Theory]
    [InlineData(0u, "00")]
    [InlineData(127u, "7F")]
    [InlineData(128u, "8001")]
    [InlineData(300u, "AC02")]
    [InlineData(uint.MaxValue, "FFFFFFFF0F")]
    public void Write_Number_HasTheseBytes(uint value, string hex)
    {
        byte[] bytes = new byte[Varint.MaxLength];
        int length = Varint.Write(bytes, value);

        Assert.Equal(hex, Convert.ToHexString(bytes, 0, length));
        Assert.Equal(OperationStatus.Done, Varint.TryRead(bytes, out uint read, out int consumed));
        Assert.Equal((value, length), (read, consumed));
    }

    [Theory]
    [InlineData("", OperationStatus.NeedMoreData)]
    [InlineData("80", OperationStatus.NeedMoreData)]
    [InlineData("FFFFFFFF", OperationStatus.NeedMoreData)]
    [InlineData("FFFFFFFF10", OperationStatus.InvalidData)]
    [InlineData("FFFFFFFFFF01", OperationStatus.InvalidData)]
    public void TryRead_InvalidBytes_AreRefused(string hex, OperationStatus status)
    {
        Assert.Equal(status, Varint.TryRead(Convert.FromHexString(hex), out uint value, out _));
        Assert.Equal(0u, value);
    }

    [Theory]
    [InlineData(0, 0u)]
    [InlineData(-1, 1u)]
    [InlineData(1, 2u)]
    [InlineData(int.MaxValue, uint.MaxValue - 1)]
    [InlineData(int.MinValue, uint.MaxValue)]
    public void ZigZag_MapsBothSignsAndBack(int value, uint mapped)
    {
        Assert.Equal(mapped, Varint.ZigZag(value));
        Assert.Equal(value, Varint.UnZigZag(mapped));
    }
}
