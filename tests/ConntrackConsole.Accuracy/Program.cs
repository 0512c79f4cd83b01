using System.CommandLine;
using ConntrackConsole.Accuracy;
using ConntrackConsole.Lab;
using ConntrackConsole.Lab.Scenarios;

const string All = "all";
var runs = new Option<int>("--runs") { DefaultValueFactory = _ => 1, Description = "How often each scenario runs.", HelpName = "N" };
var names = new Option<string[]>("--scenario") { Description = "Only this one; may be given several times (default: all, and the mixes).", HelpName = "NAME" };
var variants = new Option<string[]>("--variant")
{
    Description = $"In a lab of this kind: {LabVariant.Form}. May be given several times; '{All}' stands for each of them and some together (default: the plain lab).", HelpName = "LIST",
};
var parallel = new Option<int>("--parallel") { DefaultValueFactory = _ => 1, Description = "How many labs run at a time.", HelpName = "N" };
var record = new Option<string?>("--record") { Description = "Write the incident file of each run into this folder, and its labels and findings beside it.", HelpName = "DIR" };
var loaded = new Option<bool>("--loaded") { Description = "Keep the machine busy meanwhile, with four loops." };
var explain = new Option<bool>("--explain") { Description = "Ask `conntrack-collector explain` on the clients' nodes instead of the console." };
var details = new Option<bool>("--details") { Description = "Print every finding and what was insufficient." };
Range(runs, 1, 1000);
Range(parallel, 1, 16);
names.Validators.Add(result =>
{
    foreach (string name in result.GetValueOrDefault<string[]>() ?? [])
    {
        if (ScenarioRegistry.TryParse(name) is null)
            result.AddError($"--scenario {name}: unknown; use {string.Join(", ", ScenarioRegistry.All.Concat(ScenarioRegistry.Mixes))}.");
    }
});
variants.Validators.Add(result =>
{
    foreach (string text in result.GetValueOrDefault<string[]>() ?? [])
    {
        if (text != All && LabVariant.TryParse(text) is null)
            result.AddError($"--variant {text}: unknown; use {LabVariant.Form}, or '{All}'.");
    }
});
var root = new RootCommand("""
    Runs the lab's scenarios with the console, compares the findings with what really happened, and prints a confusion matrix, precision,
    recall and the time to the verdict. Needs root, as the lab. Exit code 1 if a wrong name was given, 2 if it could not run.
    """) { runs, names, variants, parallel, record, loaded, explain, details };
root.Validators.Add(result =>
{
    if (result.GetValue(explain) && result.GetValue(record) is not null)
        result.AddError("--record needs the console: it does not go with --explain.");
});
root.SetAction(async (parsed, stop) =>
{
    IReadOnlyList<Scenario> scenarios = parsed.GetValue(names) is { Length: > 0 } some
        ? [.. some.Select(name => ScenarioRegistry.TryParse(name)!)] : [.. ScenarioRegistry.All.Concat(ScenarioRegistry.Mixes)];
    IReadOnlyList<LabVariant> kinds = [.. (parsed.GetValue(variants) is { Length: > 0 } given ? given : [""]).SelectMany(text => text == All ? LabVariant.All : [LabVariant.TryParse(text)!]).Distinct()];
    using var load = parsed.GetValue(loaded) ? new BusyLoops(4) : null;
    var schedule = new Schedule(scenarios, kinds, parsed.GetValue(runs));
    bool hasDetails = parsed.GetValue(details);
    var runner = new LabRunner(schedule, parsed.GetValue(explain), parsed.GetValue(record) is { } folder ? new IncidentRecorder(folder) : null, result =>
        ReportWriter.WriteLine(Console.Out, result, hasDetails));
    await runner.RunAsync(parsed.GetValue(parallel), stop);
    foreach (string failure in runner.Failures)
        Console.Error.WriteLine(failure);
    if (runner.Results.Count == 0)
        return 2;
    var score = Score.Of(runner.Results);
    ReportWriter.Write(Console.Out, runner.Results, score);
    return score.Wrong > 0 ? 1 : runner.Failures.Count > 0 ? 2 : 0;
});
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });

static void Range(Option<int> option, int min, int max) => option.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int>() is var value && (value < min || value > max))
        result.AddError($"{option.Name} takes a number from {min} to {max}.");
});
