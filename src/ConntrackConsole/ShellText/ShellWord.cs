using System.Globalization;

namespace ConntrackConsole.ShellText;

/// <summary>Words of shell lines that users copy. Names come from the cluster and are not trusted: a pasted line must do nothing but what it shows.</summary>
internal static class ShellWord
{
    /// <summary>
    /// The word as a POSIX shell reads it back: as it is if it contains only harmless characters, otherwise in single quotes.
    /// </summary>
    /// <returns>
    /// Null if it has characters that a terminal interprets before a shell can quote them, or that do not show what they are (control characters,
    /// line ends, text direction): there is no safe line with it.
    /// </returns>
    public static string? Quote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        if (!IsPrintable(word))
            return null;
        return word.Length > 0 && word.All(IsHarmless) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    /// <summary>A line of words, each quoted.</summary>
    /// <returns>Null if one of them cannot be written safely.</returns>
    public static string? Line(params IEnumerable<string> words)
    {
        var quoted = words.Select(Quote).ToList();
        return quoted.Contains(null) ? null : string.Join(' ', quoted);
    }

    private static bool IsHarmless(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '@' or '%' or '+' or '=' or ':' or ',' or '.' or '/' or '-';

    private static bool IsPrintable(string word)
    {
        for (int i = 0; i < word.Length; i++)
        {
            var kind = CharUnicodeInfo.GetUnicodeCategory(word, i);
            if (kind is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
            {
                return false;
            }

            if (char.IsHighSurrogate(word[i]))
                i++;
        }

        return true;
    }
}
