using System.Diagnostics;
using System.Globalization;
using ConntrackConsole.Cluster.State;
using ConntrackConsole.Configuration;
using ConntrackConsole.Kubernetes.Client;
using ConntrackConsole.Kubernetes.Informer;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackConsole.Bench;

/// <summary>The list of a large cluster over HTTP into the real informer, which runs in its own process so that nothing else is measured.</summary>
internal static class ClusterBench
{
    public const string Inside = "cluster-inside";

    public static async Task RunAsync(Report report, bool quick)
    {
        int pods = quick ? 60_000 : 150_000;
        await using var cluster = await SyntheticCluster.StartAsync(ClusterShape.Usual(pods));
        string kubeconfig = cluster.WriteKubeconfig();
        try
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!, [Inside, kubeconfig, pods.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
            // The console's setting.
            start.Environment["DOTNET_gcConcurrent"] = "1";
            start.Environment["DOTNET_TieredCompilation"] = "1";
            using var process = Process.Start(start)!;
            string[] values = (await process.StandardOutput.ReadToEndAsync()).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            await process.WaitForExitAsync();
            double Value(int index) => double.Parse(values[index], CultureInfo.InvariantCulture);
            string what = $"{pods:N0} pods, {cluster.Shape.Services:N0} Services, {cluster.Shape.Nodes:N0} nodes";
            report.AtMost($"RSS with {what}", Value(0), "MB", 600, $"after a full collection; managed heap {Value(1):0} MB, the process before the list {Value(5):0} MB");
            report.AtMost("… peak while they are listed", Value(2), "MB", 600, $"pods of {cluster.PodBytes / 1024.0:0.0} KB, pages of 500");
            report.Info("… list to ready", Value(3), "s", $"{Value(4):0} s CPU of the console's side; the made-up API server shares the cores");
            report.Info("… bytes kept a pod", Value(1) * 1024 * 1024 / pods, "B", "everything counted: Services, slices, nodes and workloads too");
        }
        finally
        {
            File.Delete(kubeconfig);
        }
    }

    public static async Task<int> InsideAsync(string kubeconfig, int pods)
    {
        var state = new ClusterState(TimeProvider.System);
        double before = Status("VmRSS");
        using var informer = new ClusterInformer(
            ClusterAccess.Find(new KubernetesOptions { Kubeconfig = kubeconfig }), state, TimeProvider.System, NullLogger<ClusterInformer>.Instance);
        var watch = Stopwatch.StartNew();
        await informer.StartAsync(CancellationToken.None);
        while (state.Current.Pods.Count < pods || !state.Kinds.All(k => k.Listed))
        {
            await Task.Delay(50);
            if (watch.Elapsed > TimeSpan.FromMinutes(5))
            {
                await Console.Error.WriteLineAsync($"{state.Problem} {string.Join("; ", state.Kinds)}");
                return 1;
            }
        }

        double seconds = watch.Elapsed.TotalSeconds;
        double cpu = Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;
        double peak = Status("VmHWM");
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        double heap = GC.GetTotalMemory(forceFullCollection: true) / 1024.0 / 1024.0;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Status("VmRSS"):0.0} {heap:0.0} {peak:0.0} {seconds:0.0} {cpu:0.0} {before:0.0}"));
        await informer.StopAsync(CancellationToken.None);
        GC.KeepAlive(state);
        return 0;
    }

    private static double Status(string key) => File.ReadLines("/proc/self/status")
        .Where(line => line.StartsWith(key, StringComparison.Ordinal))
        .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024).First();
}
