using System.Security;
using System.Text.Json;
using ConntrackConsole.Configuration;

namespace ConntrackConsole.Identity;

/// <summary>A person for whom a link can be issued, and that person's role.</summary>
internal sealed record LinkPerson(string Name, string Role);

/// <summary>What a running console lets its command line know.</summary>
/// <param name="Url">Where a browser on this machine finds it; null if it listens on no TCP address.</param>
internal sealed record LinkOffer(string? Url, IReadOnlyList<LinkPerson> People);

/// <summary>A link that was issued, with its whole address or, without one, its path.</summary>
internal sealed record IssuedAddress(string Name, string Role, string Address);

/// <summary>
/// Sign-in links that <c>conntrack-console sign-in-link</c> issues while the console runs. They are handed over in a folder of the data directory:
/// who can write there could as well write the sessions of the database, so that a link gives no more than that. A file is named by the
/// hash of its token, and the console uses it by renaming it, which works once.
/// </summary>
internal sealed class IssuedLinks(string dataDirectory, TimeProvider time)
{
    /// <summary>An issued link that is not used ends after this.</summary>
    public static readonly TimeSpan Ttl = TimeSpan.FromMinutes(15);

    // Two processes read the clock, which may be set in between.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private const string OfferFile = "console.json";
    private const string Unused = ".json";
    private const string Used = ".used";
    private const int MaxBytes = 64 * 1024;
    private const int MaxToken = 256;
    private const int MaxUser = 64;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Path.Combine(dataDirectory, "sign-in-links");

    /// <summary>Called by the console once it listens.</summary>
    public void Publish(LinkOffer offer)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(_folder);
        else
            Directory.CreateDirectory(_folder, OwnerOnly | UnixFileMode.UserExecute);
        Write(OfferFile, offer);
        RemoveExpired();
    }

    /// <summary>Called by the command line, in another process.</summary>
    /// <param name="name">Of the person; null if there is only one.</param>
    /// <exception cref="StartupException">There is no such console or person, or the folder cannot be written.</exception>
    public IssuedAddress Issue(string? name, string user)
    {
        try
        {
            if (Read<LinkOffer>(Path.Combine(_folder, OfferFile)) is not { } offer)
            {
                throw new StartupException(
                    IdentityErrorCodes.ConsoleMissing, $"No console has run with the data directory {dataDirectory}: set Storage:DataDirectory to that of the running console.");
            }

            var person = name is null ? offer.People.Count == 1 ? offer.People[0] : null : offer.People.FirstOrDefault(one => PersonName.AreSame(one.Name, name));
            if (person is null)
            {
                throw new StartupException(
                    IdentityErrorCodes.PersonUnknown,
                    $"{(name is null ? "Name the person" : $"The console has no link for '{name}'")}: {string.Join(", ", offer.People.Select(one => $"{one.Name} ({one.Role})"))}.");
            }

            string token = SignInLink.NewToken();
            RemoveExpired();
            Write(FileOf(token) + Unused, new IssuedFile(person.Name, NowMs + (long)Ttl.TotalMilliseconds, user));
            return new IssuedAddress(person.Name, person.Role, offer.Url + SignInLink.PathOf(token));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SecurityException)
        {
            throw new StartupException(IdentityErrorCodes.LinkNotIssued, $"The folder {_folder} cannot be written: run the command as the console's user. ({e.Message.TrimEnd('.')})");
        }
    }

    /// <summary>The link with this token, used or not; null if no such link exists, it has expired, or its person has no link any more.</summary>
    public SignInLink? WithToken(string? token, SignInLinks links)
    {
        ArgumentNullException.ThrowIfNull(links);
        if (token is not { Length: > 0 and <= MaxToken })
            return null;
        string path = Path.Combine(_folder, FileOf(token));
        try
        {
            var file = Read<IssuedFile>(path + Unused) ?? Read<IssuedFile>(path + Used);
            return file is not null && file.UntilMs > NowMs && file.UntilMs <= NowMs + (long)(Ttl + ClockTolerance).TotalMilliseconds && links.RoleOf(file.Name) is { } role
                ? new FileLink(file, role, token, path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What cannot be read is no link.
            return null;
        }
    }

    private static string FileOf(string token) => Convert.ToHexStringLower(SignInLink.Hash(token));

    private void RemoveExpired()
    {
        foreach (string file in Directory.EnumerateFiles(_folder))
        {
            // The file's own time is enough here: what it allows is decided by its content.
            if (Path.GetFileName(file) != OfferFile && time.GetUtcNow() - File.GetLastWriteTimeUtc(file) > Ttl)
                File.Delete(file);
        }
    }

    // Complete before it has its name.
    private void Write<T>(string name, T value)
    {
        string path = Path.Combine(_folder, name), unfinished = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(unfinished, options))
            JsonSerializer.Serialize(file, value, JsonSerializerOptions.Web);
        File.Move(unfinished, path, overwrite: true);
    }

    private static T? Read<T>(string path)
        where T : class
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > MaxBytes)
            return null;
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private long NowMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <param name="User">Who issued it; as the command line names itself, so it proves nothing.</param>
    private sealed record IssuedFile(string Name, long UntilMs, string? User);

    private sealed class FileLink(IssuedFile file, Role role, string token, string path) : SignInLink(file.Name, role, token)
    {
        public override string Origin => $"Sign-in link used, issued by conntrack-console sign-in-link{(Visible(file.User) is { Length: > 0 } user ? $" ({user})" : "")}";

        public override bool TryUse()
        {
            try
            {
                File.Move(path + Unused, path + Used);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }

        public override void Release() => File.Move(path + Used, path + Unused);

        private static string Visible(string? user) => string.Concat((user ?? "").Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@').Take(MaxUser));
    }
}
