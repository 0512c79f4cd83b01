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
    public static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(60);
    public static readonly TimeSpan SettingTimeout = TimeSpan.FromSeconds(30);
    // Of entries on a node; sums over all nodes stay numbers.
    private const int MostCount = 100_000;
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(500);

    public IReadOnlyList<string> ConnectedNodes => registry.ConnectedNodes;

    public Task<Answer<FlushPreview>> PreviewAsync(string node, PreviewRequest request, CancellationToken ct) =>
        QuestionAsync<FlushPreview>(node, HubMethods.Preview, request, preview => Answers(preview, node, request), ct);

    /// <summary>
    /// Orders a flush. Once sent it is not called back: where the connection breaks, the same order goes out again when the
    /// collector is back, and a collector that has executed it answers with its first result.
    /// </summary>
    public Task<Answer<FlushResult>> FlushAsync(string node, FlushNodeCommand request) =>
        OrderAsync<FlushResult>(node, HubMethods.Flush, request, FlushTimeout, result => Answers(result, node, request.Command.ActionId));

    /// <summary>Orders a change of a setting, in the same manner.</summary>
    public Task<Answer<SettingResult>> ApplySettingAsync(string node, SettingNodeCommand order) =>
        OrderAsync<SettingResult>(node, HubMethods.ApplySetting, order, SettingTimeout, result => Answers(result, node, order.Command.ActionId, order.Key));

    /// <summary>Orders that a change is set back, in the same manner.</summary>
    public Task<Answer<SettingResult>> RevertSettingAsync(string node, string key, RevertNodeCommand order) =>
        OrderAsync<SettingResult>(node, HubMethods.RevertSetting, order, SettingTimeout, result => Answers(result, node, order.Command.ActionId, key));

    public Task<Answer<SettingReading>> ReadSettingAsync(string node, SettingRequest request, CancellationToken ct) =>
        QuestionAsync<SettingReading>(node, HubMethods.ReadSetting, request, reading =>
            reading.Node == node && reading.ActionId == request.ActionId && reading.Key == request.Key && reading.Value is not { Length: > 64 }, ct);

    public Task<Answer<FlushOutcomeSample>> OutcomeAsync(string node, FlushOutcomeRequest request, CancellationToken ct) =>
        QuestionAsync<FlushOutcomeSample>(node, HubMethods.FlushOutcome, request, reading =>
            reading is { Left: >= 0 and <= MostCount, Recreated: >= 0 and <= MostCount, Clients: >= 0 and <= MostCount, Reconnected: >= 0 and <= MostCount }
            && reading.Node == node && reading.ActionId == request.ActionId, ct);

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
        var answer = await AskAsync<T>(node, method, request, either.Token);
        ct.ThrowIfCancellationRequested();
        return Checked(answer, answers);
    }

    private async Task<Answer<T>> OrderAsync<T>(string node, string method, object request, TimeSpan longest, Func<T, bool> answers)
        where T : class
    {
        using var timeout = new CancellationTokenSource(longest, time);
        while (true)
        {
            var answer = Checked(await AskAsync<T>(node, method, request, timeout.Token), answers);
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

    private static Answer<T> Checked<T>(Answer<T> answer, Func<T, bool> answers)
        where T : class =>
        answer.Value is { } value && !answers(value) ? new Answer<T>(answer.Node, null, $"Node {answer.Node} answered something else than was asked.") : answer;

    private static bool Answers(FlushResult result, string node, string actionId) =>
        result is
        {
            Listed: >= 0, Deleted: >= 0 and <= MostCount, AlreadyGone: >= 0, Alive: >= 0, Failed: >= 0, Remaining: >= -1, DurationMs: >= 0, Errors: not null, EntryOutcomes: not null,
        }
        && result.Node == node && result.ActionId == actionId;

    private static bool Answers(SettingResult result, string node, string actionId, string key) =>
        result.Node == node && result.ActionId == actionId && result.Key == key && result.Now is not { Length: > 64 };

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
