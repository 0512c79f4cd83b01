using ConntrackConsole.Audit;
using Xunit;

namespace ConntrackConsole.Tests.Audit;

public class AuditChainTests
{
    private static readonly AuditKeys Keys = new([ChainedLog.Secret]);

    private static AuditRow Row(string? keyId = null) => new()
    {
        Id = 7, AtMs = 1_700_000_000_123, Who = "anna", From = "10.0.0.9", What = "flush.completed", Where = "node1, node2", Target = "10.1.0.5", Why = "it is gone – ü",
        Before = null, After = "", Result = "3 deleted", DurationMs = 12, ActionId = "a-1", Session = "s-1", Roles = "operator", IncidentId = null, Details = "[{}]", KeyId = keyId,
    };

    // Computed by another program, in another language, from the description of the format: it must never change.
    [Fact]
    public void Hash_EqualsThatOfAnotherImplementation()
    {
        Assert.Equal("3149aada5bdff6afcfb2ef7d8d794fcd92d8bda7335f620dfcef4702e95678eb", AuditChain.Hash(AuditChain.Beginning, AuditChain.Canonical(Row()), null));
        Assert.Equal("8e5be4d9", Keys.Current!.Id);
        Assert.Equal("98ab8f45a65d1bbb00962dbae7a4bcdffd2801440abed60d85ee530e101c4846", AuditChain.Hash(AuditChain.Beginning, AuditChain.Canonical(Row("8e5be4d9")), Keys.Current));
    }

    [Fact]
    public void Canonical_CoversEveryColumnButTheHash() =>
        Assert.Equal(typeof(AuditRow).GetProperties().Select(p => p.Name).Where(n => n != nameof(AuditRow.Hash)).Order(), AuditChain.Columns.Order());

    [Fact]
    public void Canonical_DifferentRows_HaveDifferentBytes()
    {
        AuditRow[] rows =
        [
            Row(), With(r => r.From = null), With(r => r.From = ""), With(r => r.Before = ""), With(r => r.After = null), With(r => (r.Who, r.From) = ("anna1", "0.0.0.9")),
            With(r => (r.Who, r.From) = ("ann", "a10.0.0.9")), With(r => r.DurationMs = null), With(r => r.DurationMs = 0), With(r => r.Id = 8), With(r => r.AtMs++),
            With(r => (r.Session, r.Roles) = ("operator", "s-1")), With(r => r.KeyId = ""), With(r => r.Code = ""), With(r => r.Code = "x"), With(r => r.KeyId = "x"), With(r => r.Hash = "x"),
        ];
        var forms = rows.Select(r => Convert.ToHexString(AuditChain.Canonical(r))).ToList();
        // The last one differs only in its hash, which is not part of the row.
        Assert.Equal(forms[0], forms[^1]);
        Assert.Equal(rows.Length - 1, forms.Distinct().Count());
    }

    [Fact]
    public void Hash_DependsOnTheOneBefore_AndOnTheKey()
    {
        byte[] row = AuditChain.Canonical(Row());
        string[] hashes =
        [
            AuditChain.Hash(AuditChain.Beginning, row, null), AuditChain.Hash(new string('1', 64), row, null),
            AuditChain.Hash(AuditChain.Beginning, row, Keys.Current), AuditChain.Hash(AuditChain.Beginning, row, new AuditKeys([ChainedLog.Secret + "x"]).Current),
        ];
        Assert.Equal(4, hashes.Distinct().Count());
        Assert.All(hashes, h => Assert.True(AuditChain.IsHash(h)));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("7", false)]
    [InlineData("0:", false)]
    [InlineData("-1:0000000000000000000000000000000000000000000000000000000000000000", false)]
    [InlineData("7:xy00000000000000000000000000000000000000000000000000000000000000", false)]
    [InlineData(" 7:AB00000000000000000000000000000000000000000000000000000000000000 ", true)]
    public void Head_Parse_TakesWhatTheLogHas(string text, bool taken) => Assert.Equal(taken, AuditHead.Parse(text) is { Row: 7 });

    [Fact]
    public void Key_Text_NeverShowsTheSecret() => Assert.DoesNotContain(ChainedLog.Secret, Keys.Current!.ToString());

    private static AuditRow With(Action<AuditRow> change)
    {
        var row = Row();
        change(row);
        return row;
    }
}
