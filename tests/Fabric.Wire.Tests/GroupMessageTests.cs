namespace Fabric.Wire.Tests;

/// <summary>IGMP and MLD, against messages written octet by octet from the RFCs' diagrams.</summary>
public sealed class GroupMessageTests
{
    private static readonly byte[] QueryV3 = [0x11, 0x8F, 0, 0, 239, 1, 1, 1, 0x0A, 0x7D, 0, 2, 10, 0, 0, 1, 10, 0, 0, 2];

    private static readonly byte[] ReportV3 =
    [
        0x22, 0, 0, 0, 0, 0, 0, 2,
        4, 0, 0, 1, 239, 1, 1, 1, 10, 0, 0, 1,
        1, 1, 0, 0, 239, 1, 1, 2, 9, 9, 9, 9,
    ];

    private static readonly byte[] QueryMldV2 =
    [
        130, 0, 0, 0, 0x80, 0x01, 0, 0, 0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x8F, 0, 0,
    ];

    [Fact]
    public void ReadsAQuery()
    {
        Assert.True(GroupMessageView.TryParse(QueryV3, isV4: true, out GroupMessageView view));
        Assert.Equal((GroupMessageKind.Query, 3, "239.1.1.1"), (view.Kind, view.Version, $"{view.Group}"));
        // 0x8F: (15 | 16) << 3 tenths of a second.
        Assert.Equal((24_800, true, 2, 125), (view.MaxResponse, view.SuppressesTimers, view.Robustness, view.QueryInterval));
        Assert.Equal("10.0.0.1 10.0.0.2", $"{view.Sources[0]} {view.Sources[1]}");
        Assert.True(GroupMessageView.TryParse(QueryMldV2, isV4: false, out view));
        // 0x8001: (1 | 0x1000) << 3 ms.
        Assert.Equal(("ff05::1", 32_776, 248, 0), ($"{view.Group}", view.MaxResponse, view.QueryInterval, view.Sources.Count));
    }

    [Fact]
    public void ReadsARecordAfterTheOtherPastAuxiliaryData()
    {
        Assert.True(GroupMessageView.TryParse(ReportV3, isV4: true, out GroupMessageView view));
        List<string> records = [];
        foreach (GroupRecordView record in view.Records)
            records.Add($"{record.Type} {record.Group} {record.Sources.Count}");
        Assert.Equal(["ToExclude 239.1.1.1 1", "IsInclude 239.1.1.2 0"], records);
    }

    [Theory]
    [InlineData(8, 100, 2)]
    [InlineData(8, 0, 1)]
    [InlineData(12, 0, 3)]
    public void TellsVersionsOfQueriesByLength(int length, byte code, int version)
    {
        byte[] message = new byte[length];
        (message[0], message[1]) = (0x11, code);
        Assert.True(GroupMessageView.TryParse(message, isV4: true, out GroupMessageView view));
        Assert.Equal(version, view.Version);
    }

    [Fact]
    public void RefusesWhatIsCutOff()
    {
        foreach (byte[] whole in (byte[][])[QueryV3, ReportV3])
        {
            for (int length = 0; length < whole.Length; length++)
                Assert.False(GroupMessageView.TryParse(whole.AsSpan(0, length), isV4: true, out GroupMessageView view) && view.Version == 3, $"{length}");
        }

        Assert.False(GroupMessageView.TryParse(QueryMldV2.AsSpan(0, 27), isV4: false, out _));
    }

    [Fact]
    public void CodesStandForTheLargestNumberThatIsNoLarger()
    {
        for (int code = 1; code < 256; code++)
        {
            int value = GroupCodes.Decode8((byte)code);
            Assert.True(value > GroupCodes.Decode8((byte)(code - 1)));
            Assert.Equal((code, code - 1), (GroupCodes.Encode8(value), GroupCodes.Encode8(value - 1)));
        }

        for (int code = 1; code < 65536; code++)
            Assert.Equal(code, GroupCodes.Encode16(GroupCodes.Decode16((ushort)code)));
        Assert.Equal((GroupCodes.Max8, GroupCodes.Max16), (GroupCodes.Decode8(255), GroupCodes.Decode16(65535)));
    }

    [Fact]
    public void WritesQueriesThatNeedNoRouterToGuess()
    {
        byte[] frame = new byte[GroupQuery.MaxFrame];
        IpAddress group = IpAddress.FromV4(0xEF010101);
        GroupQuery query = new()
        {
            Station = default, Source = IpAddress.FromV4(0x0A000001), Group = group, Sources = [IpAddress.FromV4(0x0A000002)], Version = 3, MaxResponse = 1000, Robustness = 2, QueryInterval = 125,
        };
        int length = query.Write(frame);
        byte[] expected =
        [
            1, 0, 0x5e, 1, 1, 1, 0, 0, 0, 0, 0, 0, 8, 0,
            0x46, 0xC0, 0, 40, 0, 0, 0, 0, 1, 2, 0, 0, 10, 0, 0, 1, 239, 1, 1, 1, 0x94, 4, 0, 0,
            0x11, 10, 0, 0, 239, 1, 1, 1, 2, 125, 0, 1, 10, 0, 0, 2,
        ];
        Assert.Equal(expected.Length, length);
        Assert.True(Ipv4View.TryParse(frame.AsSpan(14, length - 14), out Ipv4View packet) && packet.IsChecksumValid);
        // The two checksums are looked at above and below.
        expected[24] = frame[24];
        expected[25] = frame[25];
        expected[40] = frame[40];
        expected[41] = frame[41];
        Assert.Equal(expected, frame[..length]);
        Assert.Equal(0xFFFF, TestKit.Wire.SlowChecksum.Sum(frame[38..length]));
    }
}
