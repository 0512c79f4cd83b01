using System.Buffers;
using System.Text.Json;
using ConntrackConsole.Api.Query;
using ConntrackConsole.Api.Terminations;
using ConntrackConsole.Lifecycle;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Api.Timeline;

/// <summary>
/// Writes a <see cref="TimelineView"/> as JSON. A day of a cluster is millions of numbers: they are formatted without a serializer, and a
/// row that many backends share (all zero) is formatted once.
/// </summary>
internal static class TimelineJson
{
    public static void Write(TimelineView view, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(output);
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        using var rows = new Rows(view.Columns);
        json.WriteStartObject();
        Time(json, "from", view.FromMs);
        Time(json, "to", view.ToMs);
        json.WriteNumber("stepMs", view.StepMs);
        json.WriteNumber("columns", view.Columns);
        Time(json, "now", view.NowMs);
        Notes(json, view);
        Sum(json, view.Sum, rows);
        json.WriteStartArray("services");
        foreach (var lane in view.Services)
            Lane(json, lane, rows);
        json.WriteEndArray();
        Facts(json, view, rows);
        json.WriteEndObject();
        json.Flush();
    }

    // What the answer does not have, it lists.
    private static void Notes(Utf8JsonWriter json, TimelineView view)
    {
        json.WriteStartArray("notes");
        if (view.Services.Count(lane => lane.OmitsBackends) is var omitted and > 0)
        {
            Note(
                TimelineNoteCodes.BackendsOmitted,
                $"Of {omitted} of {view.Services.Count} lanes only the sum and the backends with entries that lead astray now are here: add backends=all, or ask for one Service.");
        }

        if (view.SumsAreUpperBounds)
            Note(TimelineNoteCodes.SumsAreUpperBounds, "Some sums are those of the backends' maxima, which may be higher than the sum ever was: no other are stored of that time.");
        json.WriteEndArray();

        void Note(string code, string text)
        {
            json.WriteStartObject();
            json.WriteString("code", code);
            json.WriteString("text", text);
            json.WriteEndObject();
        }
    }

    private static void Sum(Utf8JsonWriter json, LaneSums? sum, Rows rows)
    {
        json.WriteStartObject("sum");
        rows.Write(json, "entries", sum?.Entries ?? []);
        rows.WriteUnlessZero(json, "leftovers", sum?.Closing ?? []);
        rows.WriteUnlessZero(json, "stale", sum?.Stale ?? []);
        json.WriteEndObject();
    }

    private static void Lane(Utf8JsonWriter json, ServiceLane lane, Rows rows)
    {
        json.WriteStartObject();
        json.WriteString("namespace", lane.Namespace);
        json.WriteString("name", lane.Name);
        json.WriteString("vip", lane.Vip);
        json.WriteNumber("port", lane.Port);
        json.WriteString("proto", lane.Proto);
        json.WriteStartArray("claims");
        foreach (string claim in lane.Claims)
            json.WriteStringValue(claim);
        json.WriteEndArray();
        json.WriteNumber("ipvsRemoved", lane.IpvsRemoved);
        json.WriteNumber("ipvsDraining", lane.IpvsDraining);
        Sum(json, lane.Sum, rows);
        json.WriteBoolean("backendsOmitted", lane.OmitsBackends);
        json.WriteStartArray("backends");
        foreach (var backend in lane.Backends)
        {
            json.WriteStartObject();
            json.WriteString("ip", backend.BackendIp);
            json.WriteNumber("port", backend.Port);
            json.WriteString("pod", backend.Pod);
            Word(json, "owner", backend.Owner);
            json.WriteString("state", backend.StateNow == EntryState.Closing ? "leftover" : CamelCase(backend.StateNow)); // the API's name for closing
            rows.Write(json, "entries", backend.Entries);
            rows.Write(json, "leftovers", backend.Closing);
            rows.Write(json, "stale", backend.Stale);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Facts(Utf8JsonWriter json, TimelineView view, Rows rows)
    {
        json.WriteStartObject("resets");
        rows.Write(json, "unNated", view.Resets.UnNated);
        rows.Write(json, "fromBackend", view.Resets.FromBackend);
        rows.Write(json, "other", view.Resets.Other);
        json.WriteEndObject();
        var rollouts = view.Rollouts.ToDictionary(r => r.Id);
        json.WriteStartArray("terminations");
        foreach (var termination in view.Terminations)
            Termination(json, termination, rollouts);
        json.WriteEndArray();
        json.WriteStartArray("rollouts");
        foreach (var rollout in view.Rollouts)
            JsonSerializer.Serialize(json, RolloutView.Of(rollout.Id, rollout), JsonSerializerOptions.Web);
        json.WriteEndArray();
        json.WriteStartArray("restarts");
        foreach (var restart in view.Restarts)
            Restart(json, restart);
        json.WriteEndArray();
        json.WriteStartArray("gaps");
        foreach (var gap in view.Gaps)
        {
            json.WriteStartObject();
            json.WriteString("node", gap.Node);
            Word(json, "kind", gap.Kind);
            json.WriteString("code", gap.Kind.Code());
            Time(json, "from", gap.FromMs);
            Time(json, "to", gap.ToMs);
            json.WriteString("text", gap.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("settings");
        foreach (var setting in view.Settings)
        {
            json.WriteStartObject();
            json.WriteString("node", setting.Node);
            Time(json, "at", setting.AtMs);
            json.WriteString("name", setting.Name);
            json.WriteString("before", setting.Before);
            json.WriteString("after", setting.After);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Restart(Utf8JsonWriter json, PodRestart restart)
    {
        json.WriteStartObject();
        json.WriteString("uid", restart.Uid);
        json.WriteString("namespace", restart.Namespace);
        json.WriteString("pod", restart.Pod);
        json.WriteString("node", restart.Node);
        json.WriteString("service", restart.ServiceName);
        Word(json, "kind", restart.Kind);
        json.WriteString("container", restart.Container.Length == 0 ? null : restart.Container);
        json.WriteNumber("count", restart.Count);
        Time(json, "at", restart.AtMs);
        if (restart.ExitCode is { } exit)
            json.WriteNumber("exitCode", exit);
        else
            json.WriteNull("exitCode");
        json.WriteString("reason", restart.Reason);
        json.WriteString("formerIp", restart.FormerIp.IsNone ? null : restart.FormerIp.ToString());
        json.WriteString("ip", restart.Ip.IsNone ? null : restart.Ip.ToString());
        json.WriteEndObject();
    }

    // As GET terminations returns it, with the number of entries that still lead to it.
    private static void Termination(Utf8JsonWriter json, TerminationSpan span, Dictionary<string, Rollout> rollouts)
    {
        if (span.Reported is not { } termination)
            return;
        var rollout = termination.RolloutId is { } id ? rollouts.GetValueOrDefault(id) : null;
        // Of a large cluster it has thousands of nodes: it is written without a tree of them.
        JsonSerializer.Serialize(json, new TimelineTermination(TerminationView.Of(termination, rollout, span.Synced), span.StaleEntries), JsonSerializerOptions.Web);
    }

    private static void Time(Utf8JsonWriter json, string name, long atMs) => json.WriteString(name, ApiTime.Text(atMs));

    private static void Word<T>(Utf8JsonWriter json, string name, T value)
        where T : struct, Enum => json.WriteString(name, CamelCase(value));

    private static string CamelCase<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>Writes rows of numbers; the text of a shared row is cached by reference.</summary>
    private sealed class Rows(int columns) : IDisposable
    {
        // At most ten digits and a comma for each number.
        private readonly byte[] _text = ArrayPool<byte>.Shared.Rent((columns * 11) + 2);
        private readonly byte[] _shared = ArrayPool<byte>.Shared.Rent((columns * 3) + 2);
        private int[]? _sharedRow;
        private int _sharedLength;

        public void Write(Utf8JsonWriter json, string name, int[] row)
        {
            json.WritePropertyName(name);
            if (ReferenceEquals(row, _sharedRow))
            {
                json.WriteRawValue(_shared.AsSpan(0, _sharedLength), skipInputValidation: true);
                return;
            }

            int length = Text(row);
            json.WriteRawValue(_text.AsSpan(0, length), skipInputValidation: true);
            if (row.Length > 0 && row.AsSpan().IndexOfAnyExceptInRange(-1, 0) < 0 && length <= _shared.Length)
            {
                _text.AsSpan(0, length).CopyTo(_shared);
                (_sharedRow, _sharedLength) = (row, length);
            }
        }

        /// <summary>Null for a row that is zero wherever it is known.</summary>
        public void WriteUnlessZero(Utf8JsonWriter json, string name, int[] row)
        {
            if (row.AsSpan().ContainsAnyInRange(1, int.MaxValue))
                Write(json, name, row);
            else
                json.WriteNull(name);
        }

        public void Dispose()
        {
            ArrayPool<byte>.Shared.Return(_text);
            ArrayPool<byte>.Shared.Return(_shared);
        }

        private int Text(int[] row)
        {
            var text = _text.AsSpan();
            int at = 0;
            text[at++] = (byte)'[';
            foreach (int value in row)
            {
                if ((uint)value < 10)
                {
                    text[at++] = (byte)('0' + value);
                }
                else
                {
                    System.Buffers.Text.Utf8Formatter.TryFormat(value, text[at..], out int written);
                    at += written;
                }

                text[at++] = (byte)',';
            }

            if (row.Length > 0)
                at--;
            text[at++] = (byte)']';
            return at;
        }
    }
}
