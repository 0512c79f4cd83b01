using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace ConntrackConsole.Api.Query;

/// <summary>Where a page of a list ended, as text for the parameter "continue": a time in milliseconds of Unix time, and what stood there.</summary>
internal static class PageToken
{
    private const int MaxLength = 1_000;

    public static string Write(long atMs, string id) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{atMs.ToString(CultureInfo.InvariantCulture)}/{id}"));

    /// <returns>Null if it is no token of this console.</returns>
    public static (long AtMs, string Id)? TryRead(string token)
    {
        byte[] bytes = new byte[token.Length];
        if (token.Length > MaxLength || !Base64Url.IsValid(token) || !Base64Url.TryDecodeFromChars(token, bytes, out int length))
            return null;
        string[] parts = Encoding.UTF8.GetString(bytes, 0, length).Split('/', 2);
        return parts.Length == 2 && parts[1].Length > 0 && long.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long atMs)
            ? (atMs, parts[1]) : null;
    }
}
