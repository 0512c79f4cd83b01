using ConntrackConsole.Api;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace ConntrackConsole.Tests.Api;

public class CsrfMiddlewareTests
{
    [Theory]
    [InlineData("GET", "/api/v1/timeline", null)]
    [InlineData("HEAD", "/api/v1/timeline", null)]
    [InlineData("POST", "/api/v1/actions", "application/json")]
    [InlineData("POST", "/api/v1/actions", "Application/JSON; charset=utf-8")]
    [InlineData("POST", "/signout", "application/x-www-form-urlencoded")]
    public void Check_AllowedRequest_Passes(string method, string path, string? type) => Assert.Null(Status(method, path, type));

    [Theory]
    [InlineData("POST", null)]
    [InlineData("POST", "")]
    [InlineData("POST", "text/plain")]
    [InlineData("POST", "application/x-www-form-urlencoded")]
    [InlineData("POST", "multipart/form-data; boundary=application/json")]
    [InlineData("POST", "text/plain, application/json")]
    [InlineData("POST", "application/jsonx")]
    [InlineData("PUT", "text/plain")]
    [InlineData("DELETE", null)]
    [InlineData("PATCH", null)]
    [InlineData("BREW", null)]
    public void Check_ChangeWithoutJson_Is415(string method, string? type) => Assert.Equal(415, Status(method, "/API/v1/actions", type));

    [Theory]
    [InlineData("http://console.example:5080", "console.example:5080")]
    [InlineData("http://CONSOLE.example:5080", "console.example:5080")]
    [InlineData("https://console.example", "console.example")]
    [InlineData("https://console.example", "console.example:443")]
    [InlineData("http://[::1]:5080", "[::1]:5080")]
    public void Check_OwnOrigin_Passes(string origin, string host) => Assert.Null(Status("POST", "/api/v1/actions", "application/json", host, origin));

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("http://console.example:5081")]
    [InlineData("http://console.example")]
    [InlineData("http://console.example.evil.example:5080")]
    [InlineData("http://evil.example?console.example:5080")]
    [InlineData("ftp://console.example:5080")]
    [InlineData("console.example:5080")]
    [InlineData("null")]
    [InlineData("")]
    public void Check_ForeignOrigin_Is403(string origin) => Assert.Equal(403, Status("POST", "/api/v1/actions", "application/json", "console.example:5080", origin));

    [Fact]
    public void Check_TwoOrigins_Is403() =>
        Assert.Equal(403, Status("POST", "/api/v1/actions", "application/json", "console.example:5080", "http://console.example:5080", "http://console.example:5080"));

    private static int? Status(string method, string path, string? type, string host = "console.example:5080", params string[] origins)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Path, request.ContentType, request.Host) = (method, path, type, new HostString(host));
        if (origins.Length > 0)
            request.Headers.Origin = origins;
        return (CsrfMiddleware.Check(request) as IStatusCodeHttpResult)?.StatusCode;
    }
}
