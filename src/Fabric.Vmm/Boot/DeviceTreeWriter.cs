using System.Buffers.Binary;
using System.Text;

namespace Fabric.Vmm.Boot;

/// <summary>Writes a flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5), node by node in document order.</summary>
/// <remarks>All cells are big-endian. Phandles are the caller's choice. Misuse (an unclosed node) is a bug and asserts.</remarks>
internal sealed class DeviceTreeWriter
{
    private const uint Magic = 0xd00dfeed;
    private const uint TokenBeginNode = 1;
    private const uint TokenEndNode = 2;
    private const uint TokenProperty = 3;
    private const uint TokenEnd = 9;
    private const int HeaderBytes = 40;
    private const int ReservationBytes = 16;

    private readonly List<byte> _structure = [];
    private readonly List<byte> _strings = [];
    private readonly Dictionary<string, uint> _nameOffsets = [];
    private int _depth;

    /// <summary>Opens a node below the current one; the first one opened is the root, named "".</summary>
    internal DeviceTreeWriter Begin(string name)
    {
        _depth++;
        Cell(TokenBeginNode);
        Text(_structure, name);
        Pad();
        return this;
    }

    /// <summary>Closes the current node.</summary>
    internal DeviceTreeWriter End()
    {
        System.Diagnostics.Debug.Assert(_depth > 0, "no open node");
        _depth--;
        Cell(TokenEndNode);
        return this;
    }

    /// <summary>An empty property, whose presence is its value.</summary>
    internal DeviceTreeWriter Flag(string name) => Bytes(name, []);

    /// <summary>A list of 32-bit cells.</summary>
    internal DeviceTreeWriter Cells(string name, params ReadOnlySpan<uint> cells)
    {
        OpenProperty(name, cells.Length * 4);
        foreach (uint cell in cells)
            Cell(cell);
        return this;
    }

    /// <summary>A list of 64-bit values, two cells each: <c>reg</c> where addresses and sizes have two cells.</summary>
    internal DeviceTreeWriter Longs(string name, params ReadOnlySpan<ulong> values)
    {
        OpenProperty(name, values.Length * 8);
        foreach (ulong value in values)
        {
            Cell((uint)(value >> 32));
            Cell((uint)value);
        }

        return this;
    }

    /// <summary>A string, or a list of strings.</summary>
    internal DeviceTreeWriter Strings(string name, params ReadOnlySpan<string> values)
    {
        var bytes = new List<byte>();
        foreach (string value in values)
            Text(bytes, value);
        return Bytes(name, [.. bytes]);
    }

    /// <summary>Uninterpreted bytes.</summary>
    internal DeviceTreeWriter Bytes(string name, ReadOnlySpan<byte> value)
    {
        OpenProperty(name, value.Length);
        _structure.AddRange(value);
        Pad();
        return this;
    }

    /// <summary>The finished blob, header included.</summary>
    /// <param name="bootHart">Hart that starts the kernel: boot_cpuid_phys of the header.</param>
    internal byte[] Build(uint bootHart)
    {
        System.Diagnostics.Debug.Assert(_depth == 0, "a node is still open");
        Cell(TokenEnd);
        int structureAt = HeaderBytes + ReservationBytes;
        int stringsAt = structureAt + _structure.Count;
        byte[] blob = new byte[stringsAt + _strings.Count];
        ReadOnlySpan<uint> header =
        [
            Magic, (uint)blob.Length, (uint)structureAt, (uint)stringsAt, HeaderBytes, 17, 16, bootHart, (uint)_strings.Count,
            (uint)_structure.Count,
        ];
        for (int i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(i * 4), header[i]);
        _structure.CopyTo(blob, structureAt);
        _strings.CopyTo(blob, stringsAt);
        return blob;
    }

    private static void Text(List<byte> target, string text)
    {
        target.AddRange(Encoding.UTF8.GetBytes(text));
        target.Add(0);
    }

    private void OpenProperty(string name, int length)
    {
        if (!_nameOffsets.TryGetValue(name, out uint offset))
        {
            offset = (uint)_strings.Count;
            _nameOffsets.Add(name, offset);
            Text(_strings, name);
        }

        Cell(TokenProperty);
        Cell((uint)length);
        Cell(offset);
    }

    private void Cell(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        _structure.AddRange(bytes);
    }

    private void Pad()
    {
        while (_structure.Count % 4 != 0)
            _structure.Add(0);
    }
}
