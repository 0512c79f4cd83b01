using System.Text.Json;
using ConntrackConsole.Accuracy;
using Xunit;

namespace ConntrackConsole.Lab.Tests.Accuracy;

public sealed class FindingsReaderTests
{
    [Fact]
    public void Read_AnswerOfTheConsole_NamesMechanismServiceAndTime()
    {
        var snapshot = Read("""
            {"findings":[{"id":"a1","mechanism":"M4","code":"mechanism.black_hole","kind":null,"namespace":"shop","service":"checkout","backend":"10.1.2.3",
              "since":"2026-11-29T12:00:00.500Z","until":null,"explains":{"unit":"hangs","count":3,"whole":4,"text":"3 connections hang"},"confidence":"high","new":[1]}],
             "insufficient":[{"mechanisms":"M3 or M5","missing":"the owner","namespace":"shop","service":"cart","backend":null}],"warnings":[{"code":"mechanism.proxy_lag"}]}
            """);

        Assert.Equal(new NamedFinding("a1", "mechanism.black_hole", "M4", "shop/checkout", "10.1.2.3", 1795953600.5, "3 connections hang"), Assert.Single(snapshot.Findings));
        Assert.Equal(("shop/cart", "M3 or M5: the owner"), Assert.Single(snapshot.Insufficient));
    }

    [Theory]
    [InlineData("""{"findings":[{"mechanism":"M1","service":"shop/checkout","since":1795953600500}]}""", "M1", "shop/checkout", 1795953600.5)]
    [InlineData("""{"findings":[{"code":"mechanism.no_drain","service":null,"since":1795953600.5,"explains":7}]}""", "mechanism.no_drain", null, 1795953600.5)]
    [InlineData("""{"findings":[{"code":"mechanism.no_drain","since":"later"}]}""", "mechanism.no_drain", null, null)]
    public void Read_OtherForms_AreTaken(string answer, string code, string? service, double? since)
    {
        var finding = Assert.Single(Read(answer).Findings);

        Assert.Equal((code, service, since), (finding.Code, finding.Service, finding.Since));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"findings":null,"insufficient":7}""")]
    [InlineData("""{"findings":[null,3,{},{"id":"x"}]}""")]
    public void Read_WithoutAMechanism_NamesNothing(string answer) => Assert.Empty(Read(answer).Findings);

    private static FindingsSnapshot Read(string answer)
    {
        using var document = JsonDocument.Parse(answer);
        return FindingsReader.Read(document.RootElement);
    }
}
