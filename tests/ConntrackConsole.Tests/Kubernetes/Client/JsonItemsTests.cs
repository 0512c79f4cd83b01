using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ConntrackConsole.Kubernetes.Client;
using Xunit;

namespace ConntrackConsole.Tests.Kubernetes.Client;

[Trait("Category", "Parser")]
public class JsonItemsTests
{
    private const int MaxBytes = 100;

    private const string List =
        """ { "kind" : "PodList","metadata":{"resourceVersion":"12","continue":"n\"x"} , "items" : [ {"a":"}]\"\\"} ,{"b":[{"c":[]}]}, 5,null ],"more":[1,{"x":"{"}], "n":-1.5e3,"t":true }  """;

    [Fact]
    public async Task Read_AnySplitOfTheBytes_IsTheSame()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(List);
        for (int size = 1; size <= bytes.Length; size++)
        {
            var (items, skipped, meta) = await ReadAsync(bytes, size);
            Assert.Equal(["""{"a":"}]\"\\"}""", """{"b":[{"c":[]}]}""", "5", "null"], items);
            Assert.Equal(("12", "n\"x"), meta);
            Assert.Equal(0, skipped);
        }
    }

    [Fact]
    public async Task Read_TruncatedAnywhere_Throws()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(List.Trim());
        for (int length = 0; length < bytes.Length; length++)
            await Assert.ThrowsAsync<IOException>(() => ReadAsync(bytes[..length], 7));
    }

    [Theory]
    [InlineData("""{"x":"LONG"}""")]
    [InlineData("""{"x":[LONG]}""")]
    [InlineData("""{"x":LONG}""")]
    [InlineData("""{"x":tru}""")]
    [InlineData("""{"x"}""")]
    public async Task Read_ItemTooLargeOrInvalid_IsSkippedAndTheOthersAreRead(string item)
    {
        item = item.Replace("LONG", new string('7', 10 * MaxBytes), StringComparison.Ordinal);
        byte[] bytes = Encoding.UTF8.GetBytes($$$"""{"items":[1,{{{item}}},2],"metadata":{"resourceVersion":"3"}}""");
        for (int size = 1; size < 200; size += 13)
        {
            var (items, skipped, meta) = await ReadAsync(bytes, size);
            Assert.Equal(["1", "2"], items);
            Assert.Equal(1, skipped);
            Assert.Equal("3", meta.Version);
        }
    }

    [Fact]
    public async Task Read_ItemNestedTooDeep_IsSkipped()
    {
        string deep = new string('[', 30) + new string(']', 30);
        string tooDeep = string.Concat(Enumerable.Repeat("[", 90)) + string.Concat(Enumerable.Repeat("]", 90));
        var (items, skipped, _) = await ReadAsync(Encoding.UTF8.GetBytes($$"""{"items":[{{deep}},{{tooDeep}},2]}"""), 16, maxBytes: 1000);
        Assert.Equal([deep, "2"], items);
        Assert.Equal(1, skipped);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{]")]
    [InlineData("""{"items":[}]}""")]
    [InlineData("""{"items" 5}""")]
    public async Task Read_NotAList_Throws(string body) => await Assert.ThrowsAnyAsync<Exception>(async () =>
    {
        try
        {
            await ReadAsync(Encoding.UTF8.GetBytes(body), 3);
        }
        catch (Exception e)
        {
            Assert.True(e is JsonException or IOException, e.ToString());
            throw;
        }
    });

    [Theory]
    [InlineData("""{"items":null,"metadata":{"resourceVersion":"3"}}""", "3")]
    [InlineData("""{"metadata":null,"items":{}}""", null)]
    [InlineData("{}", null)]
    public async Task Read_NullItems_HasNoItems(string body, string? version)
    {
        var (items, _, meta) = await ReadAsync(Encoding.UTF8.GetBytes(body), 5);
        Assert.Empty(items);
        Assert.Equal(version, meta.Version);
    }

    [Fact]
    public async Task Lines_AnySplitOfTheBytes_AreComplete()
    {
        string text = "{\"a\":1}\r\n\n" + new string('x', 3 * MaxBytes) + "\n{\"b\":2}\n{\"half\":";
        for (int size = 1; size < text.Length; size++)
        {
            using var lines = new JsonLines(PipeReader.Create(new Pieces(Encoding.UTF8.GetBytes(text), size)), MaxBytes);
            var read = new List<string>();
            while (await lines.NextAsync(TestContext.Current.CancellationToken) is { } line)
                read.Add(Encoding.UTF8.GetString(line).TrimEnd());
            // A line that is too long may be complete in the buffer by chance; then it is read, which is harmless.
            Assert.Equal(3, read.Count);
            Assert.Equal(("{\"a\":1}", "{\"b\":2}"), (read[0], read[2]));
            Assert.True(read[1].Length is 0 or 3 * MaxBytes, read[1]);
        }
    }

    private static async Task<(List<string> Items, int Skipped, (string? Version, string? Continue) Meta)> ReadAsync(byte[] bytes, int size, int maxBytes = MaxBytes)
    {
        using var items = new JsonItems(PipeReader.Create(new Pieces(bytes, size)), maxBytes);
        var read = new List<string>();
        int skipped = 0;
        await items.ReadAsync(item => read.Add(item.GetRawText()), () => skipped++, TestContext.Current.CancellationToken);
        return (read, skipped, items.Meta);
    }

    /// <summary>A stream that returns a fixed number of bytes at a time.</summary>
    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
