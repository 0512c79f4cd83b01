using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ConntrackConsole.Findings;

/// <summary>Ids of findings: the same finding has the same id in memory, over stored data and after a restart.</summary>
internal static class FindingId
{
    /// <summary>Every id begins with it.</summary>
    public const string Prefix = "finding-";

    private const int Length = 20;

    public static string Of(string code, FindingSubject subject, long? sinceMs, string scope = "")
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{code}\n{subject.Service}\n{(subject.Service is null ? subject.Address?.ToString() : "")}\n{subject.Backend}\n{scope}\n{sinceMs ?? 0}");
        return Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..Length];
    }
}
