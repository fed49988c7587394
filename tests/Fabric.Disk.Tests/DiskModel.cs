namespace Fabric.Disk.Tests;

/// <summary>A byte array that goes through the same requests as a disk.</summary>
internal sealed class DiskModel(byte[] bytes)
{
    public byte[] Bytes { get; } = bytes;

    /// <summary>One seeded request to both; what a discard leaves is taken from the disk, after checking that it is old or zero.</summary>
    public void Step(IDisk disk, Random random)
    {
        int most = random.Next(4) == 0 ? 300_000 : 20_000;
        int offset = random.Next(Bytes.Length);
        if (random.Next(2) == 0)
            offset &= -512;
        int length = Math.Min(random.Next(1, most), Bytes.Length - offset);
        switch (random.Next(12))
        {
            case 0:
                Assert.Equal(DiskStatus.Ok, disk.Flush());
                break;
            case 1 or 2:
                Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(offset, length, random.Next(2) == 0 ? DiskFlags.MayUnmap : DiskFlags.None));
                Bytes.AsSpan(offset, length).Clear();
                break;
            case 3:
                Assert.Equal(DiskStatus.Ok, disk.Discard(offset, length));
                TakeDiscarded(disk, offset, length);
                break;
            case 4 or 5:
                byte[] read = new byte[length];
                Assert.Equal(DiskStatus.Ok, disk.Read(offset, read));
                Assert.True(read.AsSpan().SequenceEqual(Bytes.AsSpan(offset, length)), $"read of {length} at {offset} differs");
                break;
            default:
                byte[] data = new byte[length];
                random.NextBytes(data);
                Assert.Equal(DiskStatus.Ok, disk.Write(offset, data, random.Next(20) == 0 ? DiskFlags.ForceUnitAccess : DiskFlags.None));
                data.CopyTo(Bytes, offset);
                break;
        }
    }

    private void TakeDiscarded(IDisk disk, int offset, int length)
    {
        byte[] now = new byte[length];
        Assert.Equal(DiskStatus.Ok, disk.Read(offset, now));
        for (int i = 0; i < length; i++)
            Assert.True(now[i] == 0 || now[i] == Bytes[offset + i], "discarded bytes are neither old nor zero");
        now.CopyTo(Bytes, offset);
    }

    public void ExpectEqual(IDisk disk)
    {
        byte[] all = new byte[Bytes.Length];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, all));
        int difference = all.AsSpan().CommonPrefixLength(Bytes);
        Assert.True(difference == Bytes.Length, $"differs at {difference}");
    }
}
