using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>The records of an IGMPv3 or MLDv2 report, one after the other; for <c>foreach</c>.</summary>
public ref struct GroupRecords
{
    internal const int HeaderLength = 4;
    private readonly int _size;
    private ReadOnlySpan<byte> _left;
    private int _count;

    internal GroupRecords(ReadOnlySpan<byte> records, int count, int size)
    {
        _left = records;
        _count = count;
        _size = size;
    }

    /// <summary>The record at hand.</summary>
    public GroupRecordView Current { get; private set; }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly GroupRecords GetEnumerator() => this;

    /// <summary>Goes to the next record.</summary>
    /// <returns>False behind the last one.</returns>
    public bool MoveNext()
    {
        if (_count == 0 || !TryMeasure(_left, _size, out int length))
            return false;
        _count--;
        ReadOnlySpan<byte> body = _left[HeaderLength..];
        int sources = BinaryPrimitives.ReadUInt16BigEndian(_left[2..]) * _size;
        IpAddress group = _size == 4 ? IpAddress.ReadV4(body) : IpAddress.ReadV6(body);
        Current = new GroupRecordView((GroupRecordType)_left[0], group, new GroupSources(body.Slice(_size, sources), _size));
        _left = _left[length..];
        return true;
    }

    /// <summary>Tells whether all records are whole.</summary>
    internal static bool AreWhole(ReadOnlySpan<byte> records, int count, int size)
    {
        for (; count > 0; count--)
        {
            if (!TryMeasure(records, size, out int length))
                return false;
            records = records[length..];
        }

        return true;
    }

    // Type, length of the auxiliary data in words, number of sources; group, sources, auxiliary data.
    private static bool TryMeasure(ReadOnlySpan<byte> records, int size, out int length)
    {
        length = 0;
        if (records.Length < HeaderLength + size)
            return false;
        length = HeaderLength + size + (BinaryPrimitives.ReadUInt16BigEndian(records[2..]) * size) + (records[1] * 4);
        return length <= records.Length;
    }
}
