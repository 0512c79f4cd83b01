using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ConntrackConsole.Configuration;

/// <summary>Reads and checks the sign-in links.</summary>
internal static partial class LinkReader
{
    private const int MaxName = 64;

    // The audit log has rows of the program's own under this name.
    private const string ProgramName = "conntrack-console";

    public static IReadOnlyList<LinkSettings> Read(IConfiguration configuration, List<string> faults)
    {
        string? usual = Token(configuration, Setting.SignInToken, faults);
        var places = configuration.GetSection(Setting.Links).GetChildren().Where(place => place.GetChildren().Any()).ToList();
        if (places.Count == 0)
            return [new LinkSettings(LinkSettings.UsualName, LinkSettings.UsualRole, usual)];
        if (usual is not null)
            faults.Add($"{Setting.SignInToken} is the token of the one link that there is without {Setting.Links}: move it to {places[0].Path}:Token, or leave it out.");

        var links = new List<LinkSettings>();
        foreach (var place in places)
        {
            string name = Name(configuration, place.Path + ":Name", faults);
            if (name.Length > 0 && links.Any(link => link.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                faults.Add($"{place.Path}:Name is '{name}', as another link's is: the audit log could not tell them apart, so give each a name of its own.");
            string? token = Token(configuration, place.Path + ":Token", faults);
            if (token is not null && links.Any(link => link.Token == token))
                faults.Add($"{place.Path}:Token is another link's too: give each its own, or leave it out.");
            links.Add(new LinkSettings(name, Role(configuration, place.Path + ":Role", faults), token));
        }

        return links;
    }

    private static string Name(IConfiguration configuration, string key, List<string> faults)
    {
        string name = SettingsReader.Text(configuration, key) ?? "";
        if (name.Length == 0)
            faults.Add($"{key} is missing: set it to the name that the audit log is to show, such as olivia.");
        else if (name.Length > MaxName || !name.EnumerateRunes().All(IsVisible))
            faults.Add($"{key} must be 1 to {MaxName} visible characters: it stands in the audit log.");
        else if (name.Equals(ProgramName, StringComparison.OrdinalIgnoreCase))
            faults.Add($"{key} is '{name}', under which the program itself writes into the audit log: choose another name.");
        return name;
    }

    private static string Role(IConfiguration configuration, string key, List<string> faults)
    {
        string? text = SettingsReader.Text(configuration, key);
        if (LinkSettings.Roles.FirstOrDefault(role => role.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } role)
            return role;
        faults.Add($"{key} is {(text is null ? "missing" : $"'{text}'")}: set it to {string.Join(", ", LinkSettings.Roles)}.");
        return LinkSettings.Roles[0];
    }

    private static string? Token(IConfiguration configuration, string key, List<string> faults)
    {
        string? token = SettingsReader.Text(configuration, key);
        if (token is not null && !UrlSecret().IsMatch(token))
            faults.Add($"{key} must be 16 to 256 letters, digits, '-', '_', '.' or '~' (it stands in a link).");
        return token;
    }

    // A name with characters that nobody sees could pass for another one.
    private static bool IsVisible(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator);

    [GeneratedRegex(@"\A[A-Za-z0-9._~-]{16,256}\z")]
    private static partial Regex UrlSecret();
}
