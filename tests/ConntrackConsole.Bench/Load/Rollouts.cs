namespace ConntrackConsole.Bench.Load;

/// <summary>Replaces the pods of one small Service after the other, as a Deployment's rollout does, one pod a second.</summary>
internal sealed class Rollouts(SyntheticCluster cluster)
{
    private const int MsBetweenPods = 1_000;
    private const int MsToTerminate = 3_000;

    public async Task RunAsync(CancellationToken stop)
    {
        var shape = cluster.Shape;
        for (int round = 0; ; round++)
        {
            int service = shape.Large + (round * 37 % (shape.Services - shape.Large));
            var (first, count) = shape.PodsOf(service);
            int old = cluster.Incarnation(first);
            cluster.Watches.Add("deployments", "MODIFIED", (to, _) => cluster.WriteDeployment(to, service, old + 1, 0));
            cluster.Watches.Add("replicasets", "ADDED", (to, _) => cluster.WriteReplicaSet(to, service, old + 1, 0));
            for (int updated = 1; updated <= count; updated++)
            {
                int done = updated;
                cluster.Watches.Add("replicasets", "MODIFIED", (to, _) => cluster.WriteReplicaSet(to, service, old + 1, done));
                cluster.Watches.Add("replicasets", "MODIFIED", (to, _) => cluster.WriteReplicaSet(to, service, old, count - done));
                _ = ReplaceAsync(first + updated - 1, shape.SliceOf(service), stop);
                cluster.Watches.Add("deployments", "MODIFIED", (to, _) => cluster.WriteDeployment(to, service, old + 1, done));
                await Task.Delay(MsBetweenPods, stop);
            }
        }
    }

    private async Task ReplaceAsync(int pod, int slice, CancellationToken stop)
    {
        int old = cluster.Incarnation(pod);
        int now = cluster.Replace(pod);
        var deletedAt = DateTimeOffset.UtcNow;
        cluster.Watches.Add("pods", "ADDED", (to, version) => cluster.WritePod(to, pod, now, version));
        cluster.Watches.Add("pods", "MODIFIED", (to, version) => cluster.WritePod(to, pod, old, version, deletedAt));
        cluster.Watches.Add("endpointslices", "MODIFIED", (to, version) => cluster.WriteSlice(to, slice, version, (pod, old)));
        await Task.Delay(MsToTerminate, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cluster.Watches.Add("pods", "DELETED", (to, version) => cluster.WritePod(to, pod, old, version, deletedAt));
        cluster.Watches.Add("endpointslices", "MODIFIED", (to, version) => cluster.WriteSlice(to, slice, version));
    }
}
