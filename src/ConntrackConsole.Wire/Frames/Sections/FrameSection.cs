namespace ConntrackConsole.Wire.Sections;

internal delegate void SectionWriter(NodeFrame frame, ref FrameWriter writer);

internal delegate void SectionReader(ref FrameReader reader, NodeFrame frame);

/// <summary>One section of a frame's binary form.</summary>
/// <param name="Tag">Its number in the encoding; never reused.</param>
/// <param name="MaxLength">Maximum number of bytes, without the section's header.</param>
/// <param name="HasAny">Whether the frame has content for it; otherwise it is omitted.</param>
internal sealed record FrameSection(byte Tag, Func<NodeFrame, int> MaxLength, Func<NodeFrame, bool> HasAny, SectionWriter Write, SectionReader Read)
{
    /// <summary>Tag u8 and length u32.</summary>
    public const int HeaderLength = 5;

    /// <summary>In the order in which they are written: by tag, from 1, without a gap.</summary>
    public static readonly FrameSection[] All =
    [
        new(1, GroupsSection.MaxLength, frame => frame.Groups.Count > 0, GroupsSection.Write, GroupsSection.Read),
        new(2, ResetsSection.MaxLength, ResetsSection.HasAny, ResetsSection.Write, ResetsSection.Read),
        new(3, GapsSection.MaxLength, frame => frame.Gaps.Count > 0, GapsSection.Write, GapsSection.Read),
        new(4, NotesSection.MaxLength, frame => frame.Notes.Count > 0, NotesSection.Write, NotesSection.Read),
        new(5, WatchedAddressesSection.MaxLength, frame => frame.WatchedAddresses.Count > 0, WatchedAddressesSection.Write, WatchedAddressesSection.Read),
        new(6, SettingsSection.MaxLength, frame => frame.Settings.Count > 0, SettingsSection.Write, SettingsSection.Read),
        new(7, ProxySection.MaxLength, frame => frame.Proxy is not null, ProxySection.Write, ProxySection.Read),
        new(8, _ => NodeSection.MaxLength, frame => frame.HostTcp is not null, NodeSection.WriteHostTcp, NodeSection.ReadHostTcp),
        new(9, _ => NodeSection.MaxLength, frame => frame.Cost is not null, NodeSection.WriteCost, NodeSection.ReadCost),
        new(10, OffloadedSection.MaxLength, OffloadedSection.HasAny, OffloadedSection.Write, OffloadedSection.Read),
        new(11, ProxyDetailSection.MaxLength, ProxyDetailSection.HasAny, ProxyDetailSection.Write, ProxyDetailSection.Read),
        new(12, IpvsSection.MaxLength, frame => frame.Ipvs is not null, IpvsSection.Write, IpvsSection.Read),
        new(13, WatchedDetailsSection.MaxLength, frame => frame.WatchedDetails.Count > 0, WatchedDetailsSection.Write, WatchedDetailsSection.Read),
        new(14, LateAnswersSection.MaxLength, frame => frame.LateAnswers.Count > 0, LateAnswersSection.Write, LateAnswersSection.Read),
        new(15, RefusalsSection.MaxLength, frame => frame.Refusals.Count > 0, RefusalsSection.Write, RefusalsSection.Read),
        new(16, _ => OverflowSection.MaxLength, OverflowSection.HasAny, OverflowSection.Write, OverflowSection.Read),
        DetailCountSection.Of(17, row => row.UdpSending, (row, count) => row with { UdpSending = count }),
        DetailCountSection.Of(18, row => row.BackingOff, (row, count) => row with { BackingOff = count }),
        DetailCountSection.Of(19, row => row.UdpSendingLastSecond, (row, count) => row with { UdpSendingLastSecond = count }),
        DetailCountSection.Of(20, row => row.NewestEntryMs, (row, ageMs) => row with { NewestEntryMs = ageMs }),
    ];

    /// <summary>Null for a section that this version does not know.</summary>
    public static FrameSection? Of(byte tag) => tag >= 1 && tag <= All.Length ? All[tag - 1] : null;
}
