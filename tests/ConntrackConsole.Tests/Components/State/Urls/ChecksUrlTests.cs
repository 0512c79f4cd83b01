using ConntrackConsole.Checks.Model;
using ConntrackConsole.Components.State.Urls;
using Xunit;

namespace ConntrackConsole.Tests.Components.State.Urls;

public class ChecksUrlTests
{
    [Theory]
    [InlineData("", true, true, true)]
    [InlineData("?node=node1", true, false, false)]
    [InlineData("?node=node2", false, false, false)]
    [InlineData("?ns=shop", false, true, false)]
    [InlineData("?ns=pay", false, false, false)]
    [InlineData("?svc=checkout", false, true, false)]
    [InlineData("?svc=shop%2Fcheckout", false, true, false)]
    [InlineData("?svc=pay%2Fcheckout", false, false, false)]
    [InlineData("?node=node1&ns=shop", true, true, false)]
    [InlineData("?node=&ns=%20", true, true, true)]
    public void Filter_Shows(string query, bool node, bool service, bool cluster)
    {
        var url = ChecksUrl.Parse("http://localhost/checks" + query);

        Assert.Equal(node, url.Shows(CheckSubject.OfNode("node1")));
        Assert.Equal(service, url.Shows(new CheckSubject(SubjectKind.Service, "shop", "checkout")));
        Assert.Equal(cluster, url.Shows(CheckSubject.OfKind("events")));
    }
}
