using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Cli.Rollouts;
using ConntrackConsole.Configuration;
using ConntrackConsole.Configuration.Keys;
using ConntrackConsole.Hosting;
using ConntrackConsole.Rollouts;
using ConntrackConsole.Storage.Address;
using Microsoft.Extensions.Options;

namespace ConntrackConsole.Cli;

/// <summary>rollout check: whether the latest rollout of a workload broke connections, for a delivery pipeline.</summary>
internal static class RolloutCommand
{
    /// <summary>Exit code: nothing was seen beyond the limit, but the evidence is not complete.</summary>
    public const int Insufficient = 4;

    private const int DefaultWaitSeconds = 900;
    private const int MaxWaitSeconds = 86_400;
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    /// <param name="keys">The configuration keys, which say where the database is.</param>
    /// <param name="time">Null: the system's.</param>
    public static Command Build(KeyOptions keys, TimeProvider? time = null)
    {
        var ns = new Option<string>("--namespace") { Description = "Namespace of the workload.", HelpName = "NS", Required = true };
        var workload = new Option<string>("--workload") { Description = "Name of the Deployment, StatefulSet or DaemonSet.", HelpName = "NAME", Required = true };
        var maxResets = new Option<int>("--max-resets") { Description = "How many connections may break, by a reset or otherwise (default: 0).", HelpName = "N" };
        maxResets.Validators.Add(result => RequireRange(result, 0, int.MaxValue));
        var wait = new Option<int>("--wait")
        {
            Description = $"Wait until the rollout has ended and its evidence is complete, at most so many seconds (default: {DefaultWaitSeconds}).", HelpName = "SECONDS", Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result => result.Tokens.Count == 0 ? DefaultWaitSeconds : int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is > 0 and <= MaxWaitSeconds
                ? seconds : Fail(result, $"--wait takes 1 to {MaxWaitSeconds} seconds."),
        };
        var since = new Option<DateTimeOffset?>("--since")
        {
            Description = "Only a rollout that started at or after this time (RFC 3339): not the one before, if the console has not seen the new one yet.", HelpName = "TIME",
            CustomParser = result =>
            {
                if (ApiTime.TryRead(result.Tokens[0].Value, out var at))
                    return at;
                result.AddError("--since takes an RFC 3339 time such as 2026-11-24T17:00:00Z.");
                return null;
            },
        };
        var url = ConsoleUrl.Option($"Address of the console, with {ApiRolloutSource.CookieVariable} as the Cookie header of a session. Without it: the database of {ConfigurationKeys.DataDirectory}.");
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var check = new Command(
            "check", "Check whether the latest rollout of a workload broke connections. Exit codes: 0 within the limit, 1 over it, 2 wrong usage or no session, 4 insufficient evidence.")
        {
            ns, workload, maxResets, wait, since, url, json,
        };
        check.SetAction(async (result, ct) =>
        {
            using var source = Source(result.GetValue(url), keys.Values(result));
            var filter = new RolloutFilter(result.GetValue(since)?.ToUnixTimeMilliseconds() ?? 0, long.MaxValue, result.GetValue(ns), result.GetValue(workload));
            var configuration = result.InvocationConfiguration;
            return await RunAsync(
                source, filter, result.GetValue(maxResets), result.GetResult(wait) is { Implicit: false } ? TimeSpan.FromSeconds(result.GetValue(wait)) : TimeSpan.Zero, result.GetValue(json),
                configuration.Output, configuration.Error, time ?? TimeProvider.System, ct);
        });
        return new Command("rollout", "Reports of rollouts; conntrack-console rollout check --namespace NS --workload NAME [--wait] for a delivery pipeline.") { check };
    }

    private static async Task<int> RunAsync(
        IRolloutSource source, RolloutFilter filter, int maxResets, TimeSpan wait, bool json, TextWriter output, TextWriter error, TimeProvider time, CancellationToken ct)
    {
        long from = time.GetTimestamp();
        RolloutAnswer answer;
        while (true)
        {
            answer = await source.LatestAsync(filter, maxResets, ct);
            // More resets will not bring it within the limit again.
            if (answer.Report is { EvidenceComplete: true } or { Code: RolloutCodes.Over } || time.GetElapsedTime(from) >= wait)
                break;
            await Task.Delay(PollInterval, time, ct);
        }

        if (answer.Report is not { } report)
        {
            await error.WriteLineAsync($"conntrack-console: {answer.Failure} [{answer.Code}]");
            return Insufficient;
        }

        await output.WriteAsync(json ? JsonSerializer.Serialize(report, JsonSerializerOptions.Web) + "\n" : RolloutReportText.Of(report));
        if (wait > TimeSpan.Zero && !report.EvidenceComplete && report.Code != RolloutCodes.Over)
            await error.WriteLineAsync($"conntrack-console: The rollout did not end, or its evidence is not complete, within {wait.TotalSeconds:0} s. [{RolloutCodes.WaitElapsed}]");
        return report.Code switch { RolloutCodes.Within => 0, RolloutCodes.Over => ConsoleCommands.Failed, _ => Insufficient };
    }

    private static IRolloutSource Source(Uri? url, IReadOnlyDictionary<string, string?> values)
    {
        if (url is not null)
        {
            string? cookie = Environment.GetEnvironmentVariable(ApiRolloutSource.CookieVariable)?.Trim();
            return new ApiRolloutSource(url, string.IsNullOrEmpty(cookie) ? null : cookie);
        }

        using var services = ConsoleBuilder.Create(values).Configuration.BuildOptions();
        string connection = services.GetRequiredService<IOptions<StorageOptions>>().Value.ConnectionString;
        string file = DatabaseAddress.FileOf(connection);
        return File.Exists(file)
            ? new DatabaseRolloutSource(connection)
            : throw new StartupException(StartupErrorCodes.DatabaseMissing, $"There is no database {file}: set --url, {ConfigurationKeys.DataDirectory} or {ConfigurationKeys.ConnectionString}.");
    }

    private static void RequireRange(OptionResult result, int min, int max)
    {
        if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max))
            result.AddError($"--max-resets takes a whole number from {min}.");
    }

    private static int Fail(ArgumentResult result, string message)
    {
        result.AddError(message);
        return 0;
    }
}
