using Xunit;

namespace ConntrackConsole.Wire.Tests;

public class GapCodesTests
{
    [Fact]
    public void Code_EveryKind_IsUnique()
    {
        var codes = Enum.GetValues<GapKind>().Select(kind => kind.Code()).ToList();
        Assert.Equal(codes.Distinct(), codes);
        Assert.DoesNotContain(GapCodes.Unknown, codes);
        Assert.All(codes, code => Assert.Matches("^gap\\.[a-z_]+$", code));
    }

    [Fact]
    public void Code_KindOfANewerCollector_IsUnknown() => Assert.Equal("gap.unknown", ((GapKind)200).Code());
}
