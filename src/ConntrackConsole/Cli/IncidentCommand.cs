using System.CommandLine;
using System.Globalization;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Cli.Incidents;
using ConntrackConsole.Cli.Rollouts;
using ConntrackConsole.Hosting;
using ConntrackConsole.Incidents.Export;
using ConntrackConsole.Incidents.Files;

namespace ConntrackConsole.Cli;

/// <summary>incident export: a window of a running console as one file. incident explain: the findings of such a file; incident open: its pages, or what happened in it as text; both without a cluster.</summary>
internal static class IncidentCommand
{
    private const int MaxPort = 65_535;

    public static Command Build() =>
        new("incident", "Incident files; conntrack-console incident export --url URL --from TIME --to TIME --out FILE, incident explain FILE and incident open FILE.") { Export(), Explain(), Open() };

    private static Command Export()
    {
        var url = ConsoleUrl.Option($"Address of the console, with {ApiRolloutSource.CookieVariable} as the Cookie header of a session.", isRequired: true);
        var from = Time("--from", "Start of the window (RFC 3339).");
        var to = Time("--to", "End of the window (RFC 3339).");
        var file = new Option<string>("--out") { Description = "The file to be written; it must not exist.", HelpName = "FILE", Required = true };
        var audit = new Option<bool>("--audit") { DefaultValueFactory = _ => true, Description = "With the rows of the audit log (default: true)." };
        var export = new Command("export", "Write a window as one file. Exit codes: 0 written, 1 refused, 2 wrong usage.") { url, from, to, file, audit };
        export.SetAction((result, ct) => GuardedAsync(result, async () =>
        {
            string? cookie = Environment.GetEnvironmentVariable(ApiRolloutSource.CookieVariable)?.Trim();
            string query = $"from={ApiTime.Text(result.GetValue(from).ToUnixTimeMilliseconds())}&to={ApiTime.Text(result.GetValue(to).ToUnixTimeMilliseconds())}&audit={(result.GetValue(audit) ? "true" : "false")}";
            byte[] bytes = await IncidentSource.GetAsync(result.GetValue(url)!, string.IsNullOrEmpty(cookie) ? null : cookie, query, ct);
            var incident = IncidentCodec.Read(bytes);
            await using (var output = new FileStream(result.GetValue(file)!, FileMode.CreateNew, FileAccess.Write))
                await output.WriteAsync(bytes, ct);
            await result.InvocationConfiguration.Output.WriteLineAsync($"{result.GetValue(file)}: {bytes.Length} bytes, {incident.Nodes.Count} nodes, {incident.Nodes.Sum(node => node.Frames.Count)} frames.");
        }));
        return export;
    }

    private static Command Open()
    {
        var file = new Argument<string>("FILE") { Description = "An incident file." };
        var port = new Option<int>("--port") { Description = "Port of the pages on this machine (default: a free one).", HelpName = "N" };
        port.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > MaxPort)
                result.AddError($"--port takes 0 to {MaxPort}.");
        });
        var format = new Option<string?>("--format") { Description = "Print what happened instead: markdown, html, csv or json.", HelpName = "FORMAT" };
        format.AcceptOnlyFromAmong("markdown", "html", "csv", "json");
        var redact = new Option<bool>("--redact") { Description = "Print it with names and addresses replaced, the same ones always by the same (without --format: markdown)." };
        var open = new Command("open", """
            Open the pages over an incident file, read-only and without a cluster: the timeline and the findings of its window. Open the sign-in link that the log shows; Ctrl-C ends it.
            With --format or --redact, print findings, terminations, rollouts and actions, as HTML with the timeline. Exit codes: 0 ended or printed, 1 failed while running, 2 wrong usage, or the file is refused.
            """) { file, port, format, redact };
        open.Validators.Add(result =>
        {
            if (result.GetResult(port) is { Implicit: false } && (result.GetResult(format) is { Implicit: false } || result.GetResult(redact) is { Implicit: false }))
                result.AddError("--port is where the pages listen: omit it, or omit --format and --redact.");
        });
        open.SetAction((result, ct) => GuardedAsync(result, async () =>
        {
            string path = result.GetValue(file)!;
            var incident = await ReadAsync(path, ct);
            string? form = result.GetValue(format) ?? (result.GetValue(redact) ? "markdown" : null);
            if (form is null)
                return await IncidentConsole.RunAsync(Path.GetFileName(path), incident, result.GetValue(port));
            await result.InvocationConfiguration.Output.WriteAsync(IncidentFileReport.Of(incident, Enum.Parse<ExportForm>(form, ignoreCase: true), result.GetValue(redact), ct));
            return 0;
        }, refused: ConsoleCommands.Usage));
        return open;
    }

    private static async Task<IncidentWindow> ReadAsync(string path, CancellationToken ct)
    {
        await using var input = new FileStream(path, FileMode.Open, FileAccess.Read);
        if (input.Length > IncidentFile.MaxBytes)
            throw IncidentFile.TooLarge("file", input.Length, IncidentFile.MaxBytes);
        byte[] bytes = new byte[input.Length];
        await input.ReadExactlyAsync(bytes, ct);
        return IncidentCodec.Read(bytes);
    }

    private static Command Explain()
    {
        var file = new Argument<string>("FILE") { Description = "An incident file." };
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON, in the form of GET /api/v1/findings." };
        var explain = new Command("explain", "Print the findings of an incident file. Exit codes: 0 read, 1 refused, 2 wrong usage.") { file, json };
        explain.SetAction((result, ct) => GuardedAsync(result, async () =>
        {
            var incident = await ReadAsync(result.GetValue(file)!, ct);
            await result.InvocationConfiguration.Output.WriteAsync(result.GetValue(json) ? IncidentText.Json(incident, ct) : IncidentText.Of(incident, ct));
        }));
        return explain;
    }

    private static Task<int> GuardedAsync(ParseResult result, Func<Task> run) => GuardedAsync(result, async () =>
    {
        await run();
        return 0;
    }, refused: ConsoleCommands.Failed);

    private static async Task<int> GuardedAsync(ParseResult result, Func<Task<int>> run, int refused)
    {
        string code, message;
        try
        {
            return await run();
        }
        catch (IncidentFileException refusal)
        {
            (code, message) = (refusal.Code, refusal.Message);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            (code, message) = (IncidentFileCodes.Unavailable, failure.Message);
        }

        await result.InvocationConfiguration.Error.WriteLineAsync($"conntrack-console: {message} [{code}]");
        return refused;
    }

    private static Option<DateTimeOffset> Time(string name, string description) => new(name)
    {
        Description = description, HelpName = "TIME", Required = true,
        CustomParser = result =>
        {
            if (!ApiTime.TryRead(result.Tokens[0].Value, out var at))
                result.AddError($"{name} takes an RFC 3339 time such as 2026-11-24T17:00:00Z.");
            return at;
        },
    };
}
