using System.Net;
using Microsoft.Data.Sqlite;
using Xunit;

namespace ConntrackConsole.EndToEnd.Labs;

/// <summary>The lab's two users: an operator and an approver.</summary>
public class SignInUrlTests
{
    [Fact]
    public async Task Lab_PrintsALinkForEach_AndBothSignIn()
    {
        await using var lab = await RunningLab.StartAsync("--rollouts", "0");
        string[] urls = [(string)lab.Ready["url"]!, (string)lab.Ready["approverUrl"]!];
        foreach (string url in urls)
        {
            using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
            Assert.Equal(HttpStatusCode.Redirect, (await browser.GetAsync(new Uri(url), TestContext.Current.CancellationToken)).StatusCode);
            Assert.Single(lab.Output.Split('\n'), line => line.Contains(url + " ", StringComparison.Ordinal));
        }

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
