using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>A node's answer, or the sentence why there is none.</summary>
/// <param name="Lost">The connection was not there or broke: the same question may be asked again.</param>
public sealed record Answer<T>(string Node, T? Value, string? Failure, bool Lost = false)
    where T : class;

/// <summary>Asks collectors. Silence is an answer too: nothing here throws because a node does not reply.</summary>
public sealed class CollectorLink(IHubContext<CollectorHub> hub, CollectorRegistry registry, TimeProvider time)
{
    public static readonly TimeSpan PreviewTimeout = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(500);

    public IReadOnlyList<string> ConnectedNodes => registry.ConnectedNodes;

    public async Task<Answer<FlushPreview>> PreviewAsync(string node, PreviewRequest request, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(PreviewTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        var answer = await AskAsync<FlushPreview>(node, HubMethods.Preview, request, either.Token);
        ct.ThrowIfCancellationRequested();
        if (answer.Value is { } preview && !Answers(preview, node, request))
            return new Answer<FlushPreview>(node, null, $"Node {node} answered something else than was asked.");
        return answer;
    }

    /// <summary>
    /// Orders a flush. Once sent it is not called back: where the connection breaks, the same order goes out again when the
    /// collector is back, and a collector that has executed it answers with its first result.
    /// </summary>
    public async Task<Answer<FlushResult>> FlushAsync(string node, FlushRequest request)
    {
        using var timeout = new CancellationTokenSource(FlushTimeout, time);
        while (true)
        {
            var answer = await AskAsync<FlushResult>(node, HubMethods.Flush, request, timeout.Token);
            if (answer.Value is { } result && (result.Node != node || result.ActionId != request.Order.ActionId || result.Errors is null))
                answer = new Answer<FlushResult>(node, null, $"Node {node} answered something else than was asked.");
            if (!answer.Lost || timeout.IsCancellationRequested)
                return answer;
            try
            {
                await Task.Delay(AskAgainAfter, time, timeout.Token);
            }
            catch (OperationCanceledException)
            {
                return answer;
            }
        }
    }

    // The list is what a person reads before the click: an entry of another address must never stand in it.
    private static bool Answers(FlushPreview preview, string node, PreviewRequest request) =>
        preview.Node == node && preview.PreviewId == request.PreviewId && preview is { Digest: not null, Entries: not null }
        && preview.Entries.All(e => e is { Proto: not null, State: not null, Src: not null, Dst: not null } && e.ReplySrc == request.PodIp);

    private async Task<Answer<T>> AskAsync<T>(string node, string method, object request, CancellationToken ct)
        where T : class
    {
        if (registry.ConnectionOf(node) is not { } connection)
            return new Answer<T>(node, null, $"Node {node} has no collector connected.", Lost: true);
        try
        {
            var value = await hub.Clients.Client(connection).InvokeAsync<T?>(method, request, ct);
            return new Answer<T>(node, value, value is null ? $"Node {node} answered nothing." : null);
        }
        catch (OperationCanceledException)
        {
            return new Answer<T>(node, null, $"Node {node} did not answer in time.");
        }
        catch (HubException)
        {
            return new Answer<T>(node, null, $"Node {node} could not answer: see its collector's log.");
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // What SignalR throws where the connection goes while we wait, or is gone already.
            return new Answer<T>(node, null, $"The connection of node {node} broke.", Lost: true);
        }
    }
}
