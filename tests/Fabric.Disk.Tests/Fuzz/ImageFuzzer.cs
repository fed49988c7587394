using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Fabric.Disk.Formats;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>Opens damaged images, reads, writes and checks them. Refusing is fine, and so is serving: what must not happen is an exception
/// that is no <see cref="DiskException"/>, work without end, or memory out of proportion.</summary>
internal sealed partial class ImageFuzzer(ImageFormat format) : IDisposable
{
    private const int CallBudget = 60_000;
    private const long MemoryBudget = 96L << 20;
    private readonly MemoryStore _store = new();
    private readonly byte[] _buffer = new byte[70_000];
    private readonly byte[] _edge = new byte[8];
    private readonly SortedSet<string> _met = new(StringComparer.Ordinal);

    /// <summary>Makes a small image in memory.</summary>
    public static byte[] Make(ImageFormat format, long size, string options, Action<ImageDisk>? fill = null)
    {
        MemoryStore store = new();
        store.Reset([], int.MaxValue);
        Dictionary<string, string> given = options.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        format.Create(store, new ImageCreation { Path = "memory", Size = size, Options = new OptionReader("memory", format, given) });
        if (fill is not null)
        {
            using ImageDisk disk = format.Open(store, Opening(readOnly: false));
            fill(disk);
        }

        return store.ToArray();
    }

    /// <summary>What the last image led to: the refusals, numbers aside, and the answers to requests. Two images with one outcome most
    /// likely took one way through the code.</summary>
    public string Outcome => string.Join("; ", _met);

    /// <summary>The last image as it was before it was used; known only after <see cref="Remake"/>.</summary>
    public byte[] Image => _store.ToArray();

    /// <summary>One mutated image, made from a seed and a number alone.</summary>
    public void Mutate(FuzzSeed seed, int number) => Run($"{seed.Name}, number {number}", Remake(seed, number));

    /// <summary>Makes a mutated image without using it.</summary>
    public Random Remake(FuzzSeed seed, int number)
    {
        Random random = new(number);
        _store.Reset(seed.Bytes, CallBudget);
        for (int changes = 1 + random.Next(random.Next(3) == 0 ? 24 : 4); changes > 0; changes--)
            Change(seed, random);
        if (seed.FixChecksums is not null && random.Next(4) != 0)
            seed.FixChecksums(_store);
        return random;
    }

    /// <summary>One image as it is.</summary>
    public void Replay(string name, byte[] image)
    {
        _store.Reset(image, CallBudget);
        Run(name, new Random(1));
    }

    /// <summary>The image last run, compressed, for a corpus.</summary>
    public static byte[] Pack(byte[] image)
    {
        using MemoryStream packed = new();
        using (GZipStream stream = new(packed, CompressionLevel.SmallestSize))
            stream.Write(image);
        return packed.ToArray();
    }

    /// <summary>Reads a corpus file.</summary>
    public static byte[] Unpack(string path)
    {
        using GZipStream stream = new(File.OpenRead(path), CompressionMode.Decompress);
        using MemoryStream image = new();
        stream.CopyTo(image);
        return image.ToArray();
    }

    public void Dispose() => _store.Dispose();

    private static int PlaceIn(FuzzSeed seed, Random random)
    {
        if (seed.Places is null || random.Next(8) == 0)
            return random.Next(seed.Bytes.Length);
        (int start, int length) = seed.Places[random.Next(seed.Places.Count)];
        return start + random.Next(length);
    }

    private void Change(FuzzSeed seed, Random random)
    {
        byte[] bytes = seed.Bytes;
        // Structures stand where there are bytes other than zero: half of all changes go there, most of the rest to the front.
        int at = seed.Places is null && random.Next(3) == 0 ? random.Next(Math.Min(bytes.Length, 8192)) : PlaceIn(seed, random);
        if (random.Next(4) != 0)
            for (int tries = 0; tries < 4096 && bytes[at] == 0; tries++)
                at = (at + 1) % bytes.Length;
        switch (random.Next(6))
        {
            case 0:
                _store.Patch(at, [(byte)(bytes[at] ^ (1 << random.Next(8)))]);
                break;
            case 1:
                _store.Patch(at, [(byte)random.Next(256)]);
                break;
            case 2:
                int from = PlaceIn(seed, random);
                _store.Patch(at & -8, bytes.AsSpan(from & -8, Math.Min(8 << random.Next(4), bytes.Length - (from & -8))));
                break;
            case 3:
                _store.SetLength(random.Next(bytes.Length));
                break;
            default:
                EdgeValue(random);
                int width = 1 << random.Next(4);
                _store.Patch(at & -width, _edge.AsSpan(random.Next(2) == 0 ? 0 : 8 - width, width));
                break;
        }
    }

    private void EdgeValue(Random random)
    {
        ulong value = random.Next(6) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => 1UL << random.Next(64),
            3 => (1UL << random.Next(64)) - 1,
            4 => (ulong)random.Next(1 << 20) << 9,
            _ => (ulong)random.NextInt64(),
        };
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteUInt64BigEndian(_edge, value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(_edge, value);
    }

    private static ImageOpening Opening(bool readOnly) => new("memory", readOnly, new DiskOpenOptions { ReadOnly = readOnly, WithoutBacking = true, MetadataCacheBytes = 64 << 10 }, []);

    private void Run(string name, Random random)
    {
        _met.Clear();
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Use(random);
        }
        catch (DiskException refused)
        {
            Meet(refused);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{format.Name}: {name}: {e.Message}", e);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < MemoryBudget, $"{format.Name}: {name}: took {allocated >> 20} MiB of memory");
    }

    private void Use(Random random)
    {
        format.Inspect(_store, "memory");
        bool readOnly = random.Next(4) == 0;
        _store.Reopen(readOnly);
        try
        {
            using ImageDisk disk = format.Open(_store, Opening(readOnly));
            Walk(disk, random);
            if (!readOnly)
                Modify(disk, random);
        }
        catch (DiskException refused) when (!readOnly)
        {
            // What must not be written may still be read.
            Meet(refused);
            _store.Reopen(readOnly: true);
            using ImageDisk disk = format.Open(_store, Opening(readOnly: true));
            Walk(disk, random);
        }

        if (random.Next(4) == 0)
            Check(random);
    }

    private void Check(Random random)
    {
        DiskRepair repair = (DiskRepair)random.Next(3);
        _store.Reopen(repair == DiskRepair.None);
        DiskCheckResult result = format.Check(_store, Opening(repair == DiskRepair.None), repair, null, CancellationToken.None);
        foreach (string message in result.Messages.Take(8))
            _met.Add(Numbers().Replace(message, "#"));
    }

    private void Walk(ImageDisk disk, Random random)
    {
        long length = disk.Length;
        long offset = 0;
        for (int runs = 0; runs < 64 && offset < length; runs++)
        {
            if (Meet("extent", disk.GetExtent(offset, length - offset, out DiskExtent extent)) != DiskStatus.Ok)
            {
                offset += 512;
                continue;
            }

            Assert.InRange(extent.Length, 1, length - offset);
            Meet("read", disk.Read(offset, _buffer.AsSpan(0, (int)Math.Min(extent.Length, 4096))));
            offset += extent.Length;
        }

        for (int reads = 0; reads < 4; reads++)
        {
            int size = random.Next(1, _buffer.Length);
            if (length > size)
                Meet("read", disk.Read(random.NextInt64(length - size), _buffer.AsSpan(0, size)));
        }
    }

    private void Modify(ImageDisk disk, Random random)
    {
        long length = disk.Length;
        for (int step = random.Next(8); step > 0 && length > 512; step--)
        {
            int size = (int)Math.Min(length, random.Next(1, random.Next(4) == 0 ? 60_000 : 3000));
            long at = random.Next(3) == 0 ? 0 : random.NextInt64(length - size + 1);
            switch (random.Next(6))
            {
                case 0:
                    Meet("zero", disk.WriteZeroes(at, size, random.Next(2) == 0 ? DiskFlags.MayUnmap : DiskFlags.None));
                    break;
                case 1:
                    Meet("discard", disk.Discard(at, size));
                    break;
                case 2:
                    Meet("flush", disk.Flush());
                    break;
                default:
                    Meet("write", disk.Write(at, _buffer.AsSpan(0, size)));
                    break;
            }
        }
    }

    private void Meet(DiskException refused) => _met.Add(Numbers().Replace(refused.Message, "#"));

    private DiskStatus Meet(string request, DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            _met.Add($"{request} {status}");
        return status;
    }

    // Names that stand in an image are as good as numbers here.
    [GeneratedRegex("0x[0-9a-f]+|[0-9]+|\"[^\"]*\"|bit #.*")]
    private static partial Regex Numbers();
}
