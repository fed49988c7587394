using System.IO.Compression;
using Fabric.Memory;

namespace Fabric.Vmm.Boot;

/// <summary>Puts firmware, kernel, initramfs and device tree where they belong in RAM.</summary>
/// <remarks>
/// <para>From the bottom: the firmware at the start of RAM, or nothing; the kernel where its header asks to be (2 MiB into RAM), below a
/// firmware always there. From the top: the device tree, with room to grow for a firmware that adds to it; the reset vector; the
/// initramfs. Nothing is placed above the first 2 GiB, where some firmwares do not look.</para>
/// <para>Files are read straight into guest memory, a gzip'd one through the decompressor.</para>
/// </remarks>
internal sealed class BootLoader(GuestMemory memory, MachineOptions options)
{
    internal const int DeviceTreeRoom = 64 * 1024;
    private const int DeviceTreeSlack = 16 * 1024;
    private const ulong PageBytes = 4096;
    private const ulong HighestPlacement = 0x8000_0000;

    private ulong RamEnd => MemoryMap.RamBase + (ulong)options.MemoryBytes;

    private ulong DeviceTreeAt => MemoryMap.RamBase + Math.Min((ulong)options.MemoryBytes, HighestPlacement) - DeviceTreeRoom;

    private ulong ResetVectorAt => DeviceTreeAt - PageBytes;

    /// <summary>Loads everything.</summary>
    /// <param name="describe">Makes the device tree, given where the initramfs is.</param>
    /// <exception cref="MachineException">A file cannot be read, is not what it should be, or does not fit.</exception>
    internal BootEntry Load(Func<MemoryRange, byte[]> describe)
    {
        ulong firmwareEnd = options.Firmware == null ? MemoryMap.RamBase : LoadFirmware(options.Firmware);
        ulong entry = MemoryMap.NextStage;
        ulong kernelEnd = options.Kernel == null ? firmwareEnd : LoadKernel(options.Kernel, firmwareEnd, out entry);
        MemoryRange initrd = options.Initrd == null ? default : LoadInitrd(options.Initrd, kernelEnd);
        byte[] tree = describe(initrd);
        if (tree.Length > DeviceTreeRoom - DeviceTreeSlack)
            throw Error($"its device tree of {tree.Length} bytes is too large: shorten the kernel command line");
        Place(tree, DeviceTreeAt);
        if (options.Firmware == null)
            return new BootEntry(entry, DeviceTreeAt, MachineMode: false);
        Place(ResetVector.Build(MemoryMap.RamBase, DeviceTreeAt, entry), ResetVectorAt);
        return new BootEntry(ResetVectorAt, DeviceTreeAt, MachineMode: true);
    }

    private ulong LoadFirmware(string path)
    {
        using FileStream file = Open("firmware", path);
        return LoadRest(file, [], "firmware", path, MemoryMap.RamBase, options.Kernel == null ? ResetVectorAt : MemoryMap.NextStage);
    }

    private ulong LoadKernel(string path, ulong firmwareEnd, out ulong entry)
    {
        using FileStream file = Open("kernel", path);
        using Stream content = Unzipped(file);
        Span<byte> start = stackalloc byte[KernelHeader.Bytes];
        start = start[..ReadStart(content, start, path)];
        bool isImage = KernelHeader.TryRead(start, out KernelHeader header, out string fault);
        if (!isImage && options.Firmware == null)
            throw Error($"kernel {path} {fault}");
        entry = options.Firmware == null ? MemoryMap.RamBase + header.TextOffset : MemoryMap.NextStage;
        if (header.TextOffset > (ulong)options.MemoryBytes || header.ImageSize > (ulong)options.MemoryBytes)
            throw TooLittleMemory("kernel", path);
        System.Diagnostics.Debug.Assert(firmwareEnd <= entry || options.Firmware == null, "the firmware's limit is the next stage");
        ulong end = LoadRest(content, start, "kernel", path, entry, ResetVectorAt);
        end = Math.Max(end, entry + header.ImageSize);
        return end <= ResetVectorAt ? end : throw TooLittleMemory("kernel", path);
    }

    private MemoryRange LoadInitrd(string path, ulong lowest)
    {
        using FileStream file = Open("initrd", path);
        ulong length = (ulong)file.Length;
        if (length > ResetVectorAt - lowest)
            throw TooLittleMemory("initrd", path);
        ulong at = (ResetVectorAt - length) & ~(PageBytes - 1);
        if (at < lowest)
            throw TooLittleMemory("initrd", path);
        ulong end = LoadRest(file, [], "initrd", path, at, at + length);
        return new MemoryRange(at, end - at);
    }

    private FileStream Open(string what, string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Error($"{what} {path} cannot be opened: {e.Message}", e);
        }
    }

    private static Stream Unzipped(FileStream file)
    {
        Span<byte> magic = stackalloc byte[2];
        int count = RandomAccess.Read(file.SafeFileHandle, magic, 0);
        return count == 2 && magic.SequenceEqual<byte>([0x1f, 0x8b]) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private int ReadStart(Stream content, Span<byte> start, string path)
    {
        try
        {
            return content.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw Error($"kernel {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes what was read already, then the rest of a file, to RAM.</summary>
    /// <returns>The address after its last byte.</returns>
    private ulong LoadRest(Stream content, ReadOnlySpan<byte> start, string what, string path, ulong at, ulong limit)
    {
        const int chunkBytes = 1 << 20;
        if (at + (ulong)start.Length > limit)
            throw TooLittleMemory(what, path);
        Place(start, at);
        at += (ulong)start.Length;
        try
        {
            while (true)
            {
                // A byte past the limit is asked for, so that a file which ends exactly there is told from one which goes on.
                int room = (int)Math.Min(limit - at, chunkBytes);
                if (room == 0)
                    return content.ReadByte() < 0 ? at : throw TooLittleMemory(what, path);
                if (!memory.TryGetSpan(at, room, out Span<byte> target))
                    throw TooLittleMemory(what, path);
                int count = content.Read(target);
                if (count == 0)
                    return at;
                at += (ulong)count;
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw Error($"{what} {path} cannot be read: {e.Message}", e);
        }
    }

    private void Place(ReadOnlySpan<byte> bytes, ulong at)
    {
        if (!memory.TryWrite(at, bytes))
            throw Error($"has too little memory: {options.MemoryBytes >> 20} MiB");
    }

    private MachineException TooLittleMemory(string what, string path) => Error(
        what == "firmware" && options.Kernel != null && RamEnd > MemoryMap.NextStage
            ? $"firmware {path} is larger than the 2 MiB in front of the kernel"
            : $"{options.MemoryBytes >> 20} MiB of memory are too little for {what} {path}: give it more");

    private MachineException Error(string message, Exception? inner = null) => new(options.Name, message, inner);
}
