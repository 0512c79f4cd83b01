using System.Text.Json;
using ConntrackConsole.Wire;

namespace ConntrackConsole.Inventory;

/// <summary>Kinds of resets in URLs and in the API.</summary>
internal static class ResetKindName
{
    public static readonly IReadOnlyList<ResetKind> All =
        [ResetKind.UnNated, ResetKind.FromBackend, ResetKind.RefusedSyn, ResetKind.NewBackend, ResetKind.ClientAbort, ResetKind.Direct, ResetKind.Other];

    /// <summary>Such as fromBackend.</summary>
    public static string Of(ResetKind kind) => Camel(kind);

    /// <summary>A member of an enum as the API writes it.</summary>
    public static string Camel<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>Null if there is no such kind.</summary>
    public static ResetKind? Find(string? name)
    {
        foreach (var kind in All)
        {
            if (Of(kind) == name)
                return kind;
        }

        return null;
    }
}
