using System.Text;

namespace Fabric.Cli.Disks;

/// <summary>Writes JSON as QEMU's tools do: indented by four, the members of an object in the order of their names' hash, so that the output
/// is the same to the byte.</summary>
/// <remarks>Values are text, bool, long, lists (<see cref="IReadOnlyList{T}"/> of object) or objects (lists of pairs).</remarks>
internal static class JsonMembers
{
    private const int Buckets = 512;

    /// <summary>Writes a value.</summary>
    public static string Write(object value)
    {
        StringBuilder text = new();
        Write(text, value, 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object value, int depth)
    {
        switch (value)
        {
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case string word:
                WriteText(text, word);
                break;
            case IEnumerable<KeyValuePair<string, object>> members:
                WriteList(text, '{', '}', [.. members.Reverse().OrderBy(member => Hash(member.Key) % Buckets)], depth, member =>
                {
                    WriteText(text, member.Key);
                    text.Append(": ");
                    Write(text, member.Value, depth + 1);
                });
                break;
            case IEnumerable<object> items:
                WriteList(text, '[', ']', [.. items], depth, item => Write(text, item, depth + 1));
                break;
            default:
                text.Append(value);
                break;
        }
    }

    private static void WriteList<T>(StringBuilder text, char open, char close, IReadOnlyList<T> items, int depth, Action<T> write)
    {
        text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n").Append(' ', 4 * (depth + 1));
            write(items[i]);
        }

        text.Append('\n').Append(' ', 4 * depth).Append(close);
    }

    private static void WriteText(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' or > '~' => text.Append($"\\u{(int)c:X4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    private static uint Hash(string name)
    {
        uint value = 0x238F13AFu * (uint)name.Length;
        for (int i = 0; i < name.Length; i++)
            value += (uint)name[i] << (i * 5 % 24);
        return (1103515243u * value) + 12345u;
    }
}
