// Arguments select benchmarks by name (table, events, start, pause, memory, idle, cluster, rollup, history, diagnosis, draw); --quick runs fewer rounds, for
// a rough result. --against FILE names an earlier collector, and --uplot uPlot's script, which are measured in turn. "load" has arguments of its own (LoadOptions).
using ConntrackConsole.Bench;
using ConntrackConsole.Bench.Drawing;
using ConntrackConsole.Bench.Findings;
using ConntrackConsole.Bench.Load;
using ConntrackConsole.Kernel.Namespaces;

string[] known = ["table", "events", "start", "pause", "memory", "idle", "cluster", "rollup", "history", "diagnosis", "draw"];
if (args is [ClusterBench.Inside, var kubeconfig, var pods])
    return await ClusterBench.InsideAsync(kubeconfig, int.Parse(pods, System.Globalization.CultureInfo.InvariantCulture));
if (args is ["load", .. var load])
    return await LoadBench.RunAsync(load);
string binary = "artifacts/publish/ConntrackConsole.Collector/release/conntrack-collector";
string? against = null, uPlot = null;
var parts = new List<string>();
bool quick = false;
for (int index = 0; index < args.Length; index++)
{
    if (args[index] == "--binary" && index + 1 < args.Length)
        binary = args[++index];
    else if (args[index] == "--against" && index + 1 < args.Length)
        against = args[++index];
    else if (args[index] == "--uplot" && index + 1 < args.Length)
        uPlot = args[++index];
    else if (args[index] == "--quick")
        quick = true;
    else if (known.Contains(args[index]))
        parts.Add(args[index]);
    else
        return Usage($"'{args[index]}' is not one of: {string.Join(' ', known)} --quick --binary FILE --against FILE --uplot FILE.");
}

if (Environment.UserName != "root")
    return Usage("The bench needs root: network namespaces and conntrack.");
bool Wanted(string part) => parts.Count == 0 || parts.Contains(part);
bool published = File.Exists(binary);
foreach (var (name, file) in ((string, string?)[])[("--against", against), ("--uplot", uPlot)])
{
    if (file is not null && !File.Exists(file))
        return Usage($"{file}, which {name} names, is missing.");
}

if ((Wanted("start") || Wanted("memory") || Wanted("idle")) && !published)
    return Usage($"{binary} is missing: run 'dotnet publish src/ConntrackConsole.Collector -c Release' first, or name the binary with --binary.");

var report = new Report();
int rounds = quick ? 3 : 5;
// The hash table is shared by the machine: one big table at a time, each in a namespace that is deleted before the next.
if (Wanted("start"))
    Inside("start", inside => inside.Run(() => FootprintBench.Start(report, binary, rounds * 2)));
if (Wanted("table"))
    Inside("table", inside => inside.Run(() => TableBench.Run(report, rounds)));
if (Wanted("events"))
    Inside("events", inside => EventBench.Run(report, inside, rounds, quick ? 3 : 10));
if (Wanted("pause"))
    PauseBench.Run(report, rounds);
if (Wanted("memory"))
{
    Inside("memory", inside => inside.Run(() => FootprintBench.Follow(report, binary, against, 250_000, 40, 1, rounds)));
    using (new TableLimit(1_100_000))
        Inside("memory", inside => inside.Run(() => FootprintBench.Follow(report, binary, against, 1_000_000, 65, 0.8, rounds)));
}

if (Wanted("idle"))
{
    Inside("idle", inside => inside.Run(() => FootprintBench.FollowIdle(report, binary, 250_000)));
    Inside("idle", inside => inside.Run(() => FootprintBench.Idle(report, binary, against)));
}

if (Wanted("cluster"))
    await ClusterBench.RunAsync(report, quick);

if (Wanted("rollup") || Wanted("history"))
    RollupBench.Run(report);
if (Wanted("history"))
    HistoryBench.Run(report, rounds);

if (Wanted("diagnosis"))
    DiagnosisBench.Run(report, quick);

if (Wanted("draw"))
    await DrawBench.RunAsync(report, uPlot, rounds);

report.Write(Path.GetFullPath("artifacts/bench.json"));
return report.AllOk ? 0 : 1;

static int Usage(string sentence)
{
    Console.Error.WriteLine(sentence);
    return 2;
}

static void Inside(string part, Action<NetworkNamespace> work)
{
    string name = $"ccbench-{part}-{Environment.ProcessId}";
    var inside = NetworkNamespace.Create(name);
    try
    {
        work(inside);
    }
    finally
    {
        inside.Dispose();
        NetworkNamespace.Delete(name);
        Thread.Sleep(2000); // The kernel empties the namespace's table in the background.
    }
}
