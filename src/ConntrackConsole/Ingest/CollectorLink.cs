using ConntrackConsole.Wire;
using Microsoft.AspNetCore.SignalR;

namespace ConntrackConsole.Ingest;

/// <summary>A node's response, or the reason why there is no response.</summary>
/// <param name="Lost">The connection was missing or broke: the same request may be retried.</param>
internal sealed record Answer<T>(string Node, T? Value, Reason? Failure, bool Lost = false)
    where T : class;

/// <summary>Sends requests to collectors. No response is a result too: nothing here throws because a node does not reply.</summary>
internal sealed class CollectorLink(IHubContext<CollectorHub> hub, CollectorRegistry registry, TimeProvider time)
{
    public static readonly TimeSpan PreviewTimeout = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan SettingTimeout = TimeSpan.FromSeconds(30);
    // Entries on one node; sums over all nodes stay within an int.
    private const int MaxCount = 100_000;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);

    public IReadOnlyList<string> ConnectedNodes => registry.ConnectedNodes;

    public Task<Answer<FlushPreview>> PreviewAsync(string node, PreviewRequest request, CancellationToken ct) =>
        QuestionAsync<FlushPreview>(node, HubMethods.Preview, request, preview => Answers(preview, node, request), ct);

    /// <summary>
    /// Orders a flush. Once sent it cannot be cancelled: if the connection breaks, the same order is sent again when the
    /// collector reconnects, and a collector that has executed it answers with its first result.
    /// </summary>
    public Task<Answer<FlushResult>> FlushAsync(string node, FlushNodeCommand request) =>
        OrderAsync<FlushResult>(node, HubMethods.Flush, request, FlushTimeout, result => Answers(result, node, request.Command.ActionId));

    /// <summary>Orders a setting change, with the same semantics.</summary>
    public Task<Answer<SettingResult>> ApplySettingAsync(string node, SettingNodeCommand order) =>
        OrderAsync<SettingResult>(node, HubMethods.ApplySetting, order, SettingTimeout, result => Answers(result, node, order.Command.ActionId, order.Key));

    /// <summary>Orders the revert of a change, with the same semantics.</summary>
    public Task<Answer<SettingResult>> RevertSettingAsync(string node, string key, RevertNodeCommand order) =>
        OrderAsync<SettingResult>(node, HubMethods.RevertSetting, order, SettingTimeout, result => Answers(result, node, order.Command.ActionId, key));

    public Task<Answer<SettingReading>> ReadSettingAsync(string node, SettingRequest request, CancellationToken ct) =>
        QuestionAsync<SettingReading>(node, HubMethods.ReadSetting, request, reading =>
            reading.Node == node && reading.ActionId == request.ActionId && reading.Key == request.Key && reading.Value is not { Length: > 64 }, ct);

    public Task<Answer<FlushOutcomeSample>> OutcomeAsync(string node, FlushOutcomeRequest request, CancellationToken ct) =>
        QuestionAsync<FlushOutcomeSample>(node, HubMethods.FlushOutcome, request, reading =>
            reading is { Left: >= 0 and <= MaxCount, Recreated: >= 0 and <= MaxCount, Clients: >= 0 and <= MaxCount, Reconnected: >= 0 and <= MaxCount, IpvsKept: >= 0 and <= MaxCount }
            && reading.IpvsForwarded >= 0 && reading.IpvsForwarded <= reading.IpvsKept && reading.Node == node && reading.ActionId == request.ActionId, ct);

    public Task<Answer<RecallAnswer>> RecallAsync(string node, RecallRequest request, CancellationToken ct) =>
        QuestionAsync<RecallAnswer>(node, HubMethods.Recall, request, answer =>
            answer.Node == node && answer.ActionId == request.ActionId
            && (answer.Flush is not { } flush || Answers(flush, node, request.ActionId))
            && (answer.Setting is not { } setting || Answers(setting, node, request.ActionId, setting.Key)), ct);

    private async Task<Answer<T>> QuestionAsync<T>(string node, string method, object request, Func<T, bool> answers, CancellationToken ct)
        where T : class
    {
        using var timeout = new CancellationTokenSource(PreviewTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        var answer = await RequestAsync<T>(node, method, request, either.Token);
        ct.ThrowIfCancellationRequested();
        return Checked(answer, answers);
    }

    private async Task<Answer<T>> OrderAsync<T>(string node, string method, object request, TimeSpan maxWait, Func<T, bool> answers)
        where T : class
    {
        using var timeout = new CancellationTokenSource(maxWait, time);
        while (true)
        {
            var answer = Checked(await RequestAsync<T>(node, method, request, timeout.Token), answers);
            if (!answer.Lost || timeout.IsCancellationRequested)
                return answer;
            try
            {
                await Task.Delay(RetryInterval, time, timeout.Token);
            }
            catch (OperationCanceledException)
            {
                return answer;
            }
        }
    }

    private static Answer<T> Checked<T>(Answer<T> answer, Func<T, bool> answers)
        where T : class =>
        answer.Value is { } value && !answers(value) ? new Answer<T>(answer.Node, null, new Reason(NodeReasons.InvalidAnswer, $"Node {answer.Node} returned an invalid response.")) : answer;

    private static bool Answers(FlushResult result, string node, string actionId) =>
        result is
        {
            Listed: >= 0, Deleted: >= 0 and <= MaxCount, AlreadyGone: >= 0, Alive: >= 0, Failed: >= 0, Remaining: >= -1, DurationMs: >= 0, Errors: not null, EntryOutcomes: not null,
            Ipvs: null or { IsValid: true },
        }
        && result.Node == node && result.ActionId == actionId;

    private static bool Answers(SettingResult result, string node, string actionId, string key) =>
        result.Node == node && result.ActionId == actionId && result.Key == key && result.Now is not { Length: > 64 };

    // A person reads this list before confirming: it must never contain an entry of another address.
    private static bool Answers(FlushPreview preview, string node, PreviewRequest request) =>
        preview.Node == node && preview.PreviewId == request.PreviewId && preview is { Digest: not null, Entries: not null, Ipvs: null or { IsValid: true } }
        && preview.Entries.All(e => e is { Proto: not null, State: not null, Src: not null, Dst: not null } && e.ReplySrc == request.PodIp);

    private async Task<Answer<T>> RequestAsync<T>(string node, string method, object request, CancellationToken ct)
        where T : class
    {
        if (registry.ConnectionOf(node) is not { } connection)
            return new Answer<T>(node, null, new Reason(NodeReasons.NotConnected, $"Node {node} has no collector connected."), Lost: true);
        try
        {
            var value = await hub.Clients.Client(connection).InvokeAsync<T?>(method, request, ct);
            return new Answer<T>(node, value, value is null ? new Reason(NodeReasons.InvalidAnswer, $"Node {node} returned no response.") : null);
        }
        catch (OperationCanceledException)
        {
            return new Answer<T>(node, null, new Reason(NodeReasons.NoAnswer, $"Node {node} did not respond in time."));
        }
        catch (HubException)
        {
            return new Answer<T>(node, null, new Reason(NodeReasons.AnswerFailed, $"Node {node} failed to respond: see its collector's log."));
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The exceptions that SignalR throws if the connection breaks while waiting, or is closed already.
            return new Answer<T>(node, null, new Reason(NodeReasons.ConnectionBroke, $"The connection of node {node} broke."), Lost: true);
        }
    }
}
