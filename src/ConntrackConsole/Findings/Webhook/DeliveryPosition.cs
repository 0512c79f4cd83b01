using ConntrackConsole.Audit;

namespace ConntrackConsole.Findings.Webhook;

/// <summary>Up to which audit row findings were posted, in a small file of the data directory: a restart posts again rather than not at all.</summary>
internal sealed class DeliveryPosition(string directory)
{
    private const string FileName = "webhook.position";

    private string File => Path.Combine(directory, FileName);

    /// <summary>Null if nothing was posted yet.</summary>
    public AuditHead? Read()
    {
        try
        {
            return AuditHead.Parse(System.IO.File.ReadAllText(File).Trim());
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Replaces the file at once: a crash leaves the old or the new position.</summary>
    public void Write(AuditHead position)
    {
        string temporary = File + ".new";
        System.IO.File.WriteAllText(temporary, position.ToString());
        System.IO.File.Move(temporary, File, overwrite: true);
    }
}
