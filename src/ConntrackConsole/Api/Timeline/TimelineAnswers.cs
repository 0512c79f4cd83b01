using System.Collections.Concurrent;
using ConntrackConsole.Timeline.Model;
using ConntrackConsole.Timeline.Query;

namespace ConntrackConsole.Api.Timeline;

/// <summary>
/// The answers to the questions about the newest snapshot, as bytes: who asks the same before the next change gets the same bytes, which
/// are read and written once.
/// </summary>
internal sealed class TimelineAnswers(TimelineQueryService history)
{
    // Longer ones are for one reader: a day of every backend is 30 MB.
    private const long MaxKeptBytes = 4 << 20;
    private const int MaxKept = 64;

    private Kept _kept = new(null);
    private long _written;

    /// <summary>How many answers were written.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>The answer; the caller releases it.</summary>
    public async Task<SharedBytes> GetAsync(TimelineQuery query)
    {
        while (true)
        {
            object version = history.Recent;
            var kept = Volatile.Read(ref _kept);
            if (!ReferenceEquals(kept.Version, version))
            {
                var next = new Kept(version);
                if (Interlocked.CompareExchange(ref _kept, next, kept) == kept)
                    kept.Clear();
                continue;
            }

            // One reader that goes away must not take the answer from the others: nothing cancels it.
            var answer = new Lazy<Task<SharedBytes>>(() => Task.Run(() => WriteAsync(query)));
            bool isShared = kept.Answers.Count < MaxKept;
            if (isShared)
                answer = kept.Answers.GetOrAdd(query, answer);
            var entry = KeyValuePair.Create(query, answer);
            SharedBytes bytes;
            try
            {
                bytes = await answer.Value;
            }
            catch
            {
                kept.Answers.TryRemove(entry);
                throw;
            }

            // Released meanwhile: everyone else was faster.
            if (!bytes.TryOwn())
                continue;
            // Who removes it releases it. What is too long to keep, or was replaced while it was written, has no other reader.
            bool keeps = bytes.Length <= MaxKeptBytes && ReferenceEquals(Volatile.Read(ref _kept), kept);
            if (!isShared || (!keeps && kept.Answers.TryRemove(entry)))
                bytes.Release();
            return bytes;
        }
    }

    private async Task<SharedBytes> WriteAsync(TimelineQuery query)
    {
        var view = await history.RecentAsync(query, CancellationToken.None);
        var bytes = new SharedBytes();
        TimelineJson.Write(view, bytes);
        Interlocked.Increment(ref _written);
        return bytes;
    }

    private sealed record Kept(object? Version)
    {
        public ConcurrentDictionary<TimelineQuery, Lazy<Task<SharedBytes>>> Answers { get; } = new();

        // What is still being written is released by who waits for it.
        public void Clear()
        {
            foreach (var answer in Answers)
            {
                if (answer.Value is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } written } && Answers.TryRemove(answer))
                    written.Result.Release();
            }
        }
    }
}
