using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Incidents.Records;

/// <summary>What an incident takes from a message of Alertmanager's webhook (version 4). Its labels are written by anyone who can fire an alert: they are text, never markup.</summary>
/// <param name="Title">Its common summary, or the name of the alert.</param>
/// <param name="StartsMs">When the first of its alerts began.</param>
/// <param name="EndsMs">When the last of its alerts ended; null while one fires.</param>
internal sealed record AlertmanagerMessage(string GroupKey, string Title, long StartsMs, long? EndsMs, string? Namespace, string? Service)
{
    /// <summary>Maximum size of a body: a group may have hundreds of alerts.</summary>
    public const int MaxBytes = 1 << 20;

    // A rule waits before its alert fires: the trouble began before.
    private const long LookbackMs = 300_000;
    private const int MaxKey = 4_096;
    private const string Version = "4", Firing = "firing", Resolved = "resolved";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        AllowDuplicateProperties = false, PropertyNameCaseInsensitive = false, NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict, MaxDepth = 8,
    };

    /// <summary>Identifies the group in the database.</summary>
    public string SourceKey => "alertmanager-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(GroupKey)))[..32];

    /// <summary>The message, or what is wrong with it.</summary>
    public static (AlertmanagerMessage? Message, string? Problem) Read(ReadOnlySpan<byte> body)
    {
        Form? form;
        try
        {
            form = JsonSerializer.Deserialize<Form>(body, Json);
        }
        catch (JsonException)
        {
            return (null, "The body is not the JSON of a webhook message of Alertmanager: 'version', 'groupKey', 'status' and 'alerts' with 'status', 'startsAt' and 'endsAt' are required, labels and annotations are texts.");
        }

        string? problem = form switch
        {
            null => "The body is null.",
            { Version: not Version } => $"'version' must be \"{Version}\": other versions of the message are not known.",
            { GroupKey: null or "" } => "'groupKey' is missing: without it, repeated messages would open an incident each.",
            { GroupKey.Length: > MaxKey } => $"'groupKey' has more than {MaxKey} characters.",
            { Status: not (Firing or Resolved) } => $"'status' must be {Firing} or {Resolved}.",
            { Alerts: null or [] } => "'alerts' is empty: a message is about at least one alert.",
            { Alerts: { } alerts } when alerts.Any(alert => alert is null || alert.Status is not (Firing or Resolved) || Time(alert.StartsAt) is null) => $"An alert has no 'status' of {Firing} or {Resolved}, or no 'startsAt' as RFC 3339.",
            { Alerts: { } alerts } when alerts.Any(alert => alert!.Status == Resolved && Time(alert.EndsAt) is null) => "A resolved alert has no 'endsAt' as RFC 3339.",
            _ => null,
        };
        if (problem is not null)
            return (null, problem);
        var known = form!.Alerts!.OfType<AlertForm>().ToList();
        string name = Label(form, "alertname") ?? "Alert";
        string title = Clean(form.CommonAnnotations?.GetValueOrDefault("summary")) ?? (known.Count == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name} ({known.Count} alerts)"));
        return (new AlertmanagerMessage(
            form.GroupKey!, TextSummary.Truncate(title, IncidentService.MaxTitle - 1), known.Min(alert => Time(alert.StartsAt)!.Value),
            form.Status == Resolved && known.TrueForAll(alert => alert.Status == Resolved) ? known.Max(alert => Time(alert.EndsAt)!.Value) : null,
            Label(form, "namespace"), Label(form, "service")), null);
    }

    /// <summary>The window of the alerts within what an incident can have. Their times are those of another clock, or invented.</summary>
    public IncidentRequest ToRequest(long nowMs)
    {
        long? toMs = EndsMs is { } ends ? Math.Clamp(ends, nowMs - Incident.MaxWindowMs + 1, nowMs) : null;
        long fromMs = Math.Clamp(StartsMs - LookbackMs, (toMs ?? nowMs) - Incident.MaxWindowMs, (toMs ?? nowMs) - 1);
        return new IncidentRequest(Title, Math.Max(0, fromMs), toMs) { Via = OpenedVia.Alertmanager, Source = Clean(GroupKey), SourceKey = SourceKey, Namespace = Namespace, Service = Service };
    }

    private static string? Label(Form form, string name) => Clean(form.CommonLabels?.GetValueOrDefault(name)) ?? Clean(form.GroupLabels?.GetValueOrDefault(name));

    private static string? Clean(string? text) => PlainText.Of(text) is { Length: > 0 } plain ? TextSummary.Truncate(plain, IncidentService.MaxText - 1) : null;

    // Go writes nine digits of a second.
    private static long? Time(string? text) =>
        text is { Length: > 0 and <= 64 } && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at.ToUnixTimeMilliseconds() : null;

    private sealed record Form
    {
        public string? Version { get; init; }
        public string? GroupKey { get; init; }
        public string? Status { get; init; }
        public IReadOnlyDictionary<string, string?>? GroupLabels { get; init; }
        public IReadOnlyDictionary<string, string?>? CommonLabels { get; init; }
        public IReadOnlyDictionary<string, string?>? CommonAnnotations { get; init; }
        public IReadOnlyList<AlertForm?>? Alerts { get; init; }
    }

    private sealed record AlertForm
    {
        public string? Status { get; init; }
        public string? StartsAt { get; init; }
        public string? EndsAt { get; init; }
    }
}
