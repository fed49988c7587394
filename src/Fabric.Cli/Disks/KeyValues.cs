using System.Text;

namespace Fabric.Cli.Disks;

/// <summary>Reads "key=value,key=value" as QEMU's tools do: ",," stands for a comma, "key" alone for "key=on" and "nokey" for "key=off".</summary>
internal static class KeyValues
{
    /// <summary>Reads a list; later values of a key win.</summary>
    /// <param name="text">The list.</param>
    /// <param name="into">Gets what was read.</param>
    public static void Read(string text, IDictionary<string, string> into)
    {
        for (int at = 0; at < text.Length;)
        {
            int start = at;
            while (at < text.Length && text[at] != '=' && text[at] != ',')
                at++;
            string key = text[start..at];
            if (at >= text.Length || text[at] == ',')
            {
                into[key] = "on";
                at++;
                continue;
            }

            at++;
            into[key] = Value(text, ref at);
        }
    }

    /// <summary>True when a list asks for help.</summary>
    public static bool AsksForHelp(string text)
    {
        Dictionary<string, string> values = [];
        Read(text, values);
        return values.ContainsKey("help") || values.ContainsKey("?");
    }

    private static string Value(string text, ref int at)
    {
        StringBuilder value = new();
        for (; at < text.Length; at++)
        {
            if (text[at] == ',' && (at + 1 >= text.Length || text[++at] != ','))
                break;
            value.Append(text[at]);
        }

        return value.ToString();
    }
}
