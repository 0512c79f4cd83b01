using System.CommandLine;
using ConntrackConsole.Accuracy;
using ConntrackConsole.Lab.Scenarios;

var runs = new Option<int>("--runs") { DefaultValueFactory = _ => 1, Description = "How often each scenario runs.", HelpName = "N" };
var names = new Option<string[]>("--scenario") { Description = "Only this one; may be given several times (default: all).", HelpName = "NAME" };
var explain = new Option<bool>("--explain") { Description = "Ask `conntrack-collector explain` on the clients' nodes instead of the console." };
var details = new Option<bool>("--details") { Description = "Print every finding and what was insufficient." };
runs.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is < 1 or > 1000)
        result.AddError("--runs takes a number from 1 to 1000.");
});
names.Validators.Add(result =>
{
    foreach (string name in result.GetValueOrDefault<string[]>() ?? [])
    {
        if (ScenarioRegistry.TryParse(name) is null)
            result.AddError($"--scenario {name}: unknown; use {string.Join(", ", ScenarioRegistry.All)}.");
    }
});
var root = new RootCommand("""
    Runs the lab's scenarios with the console, compares the findings with what really happened, and prints a confusion matrix, precision,
    recall and the time to the verdict. Needs root, as the lab. Exit code 1 if a wrong name was given, 2 if it could not run.
    """) { runs, names, explain, details };
root.SetAction(async (parsed, stop) =>
{
    string[] wanted = parsed.GetValue(names) is { Length: > 0 } some ? some : [.. ScenarioRegistry.All.Select(scenario => scenario.Name)];
    bool asksExplain = parsed.GetValue(explain);
    var results = new List<RunResult>();
    try
    {
        await using var lab = await LabProcess.StartAsync(withConsole: !asksExplain, stop);
        using var source = asksExplain ? new ExplainSource(lab) : (IFindingSource)await ConsoleSource.SignInAsync(lab, stop);
        for (int run = 1; run <= parsed.GetValue(runs); run++)
        {
            foreach (string name in wanted)
            {
                var result = await ScenarioRun.RunAsync(lab, source, ScenarioRegistry.TryParse(name)!, stop);
                results.Add(result);
                ReportWriter.WriteLine(Console.Out, result, parsed.GetValue(details));
            }
        }
    }
    catch (Exception e) when (e is InvalidOperationException or HttpRequestException or TimeoutException or IOException)
    {
        Console.Error.WriteLine(e.Message);
        return 2;
    }

    var score = Score.Of(results);
    ReportWriter.Write(Console.Out, results, score);
    return score.Wrong > 0 ? 1 : 0;
});
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
