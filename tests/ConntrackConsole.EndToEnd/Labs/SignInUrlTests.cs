using System.Net;
using ConntrackConsole.EndToEnd.Browser;
using Microsoft.Data.Sqlite;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The lab's two users: an operator and an approver.</summary>
[Collection(nameof(HealthyLab))]
public class SignInUrlTests(HealthyLab shared)
{
    [Fact]
    public async Task Lab_PrintsALinkForEach_AndBothSignIn()
    {
        var lab = shared.Lab;
        string url = (string)lab.Ready["url"]!, approverUrl = (string)lab.Ready["approverUrl"]!;
        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        var approver = await browser.GetAsync(new Uri(approverUrl), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.Redirect, HttpStatusCode.Redirect), (shared.SignInAnswer, approver.StatusCode));
        Assert.All((string[])[url, approverUrl], link => Assert.Single(lab.Output.Split('\n'), line => line.Contains(link + " ", StringComparison.Ordinal)));

        Assert.Equal(["olivia: operator", "arthur: approver"], SignedIn(Path.Combine((string)lab.Ready["data"]!, "console.db")));
    }

    private static List<string> SignedIn(string file)
    {
        using var connection = new SqliteConnection($"Data Source={file};Mode=ReadWrite;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT Who || ': ' || Roles FROM Audit WHERE What = 'signin' ORDER BY Id";
        var found = new List<string>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
            found.Add(reader.GetString(0));
        return found;
    }
}
